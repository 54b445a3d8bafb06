"""Lanes: the processes that share all tests, each with its own services (pytest-xdist).

A free lane gets the next work unit, the long ones first, so that the lanes end at about the same
time. A work unit is a file, or a whole folder whose tests share something slow to start.
"""

from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

#: Folders that are one work unit: a ``make stack``; a browser, whose driver has an event loop
#: running in the main thread, so that no asynchronous test can begin before its end.
WHOLE_FOLDERS = ("tests/cluster", "tests/e2e")
#: Folders in the order in which they start, the longest units first; any other comes after them.
FIRST_FOLDERS = (
    *WHOLE_FOLDERS,
    "tests/docker",
    "tests/crash",
    "tests/embedded",
    "tests/integration",
    "tests/core",
)


def work_unit(nodeid: str) -> str:
    """Return the name of a test's work unit."""
    file = nodeid.partition("::")[0]
    folder = file.rpartition("/")[0]
    return folder if folder in WHOLE_FOLDERS else file


def order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return tests with each work unit in one piece, in the order of the units."""
    units: dict[str, list[pytest.Item]] = {}
    for item in items:
        units.setdefault(work_unit(item.nodeid), []).append(item)
    return [item for unit in sorted(units, key=_rank) for item in units[unit]]


def _rank(unit: str) -> int:
    """Return the rank of a unit's folder; units of equal rank keep their order."""
    folder = unit if unit in WHOLE_FOLDERS else unit.rpartition("/")[0]
    return FIRST_FOLDERS.index(folder) if folder in FIRST_FOLDERS else len(FIRST_FOLDERS)


class LaneScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Scheduler of pytest-xdist that hands out work units in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return work_unit(nodeid)
