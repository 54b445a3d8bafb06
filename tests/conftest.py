"""What all tests share. The services of this process are started by ``tests.support.services``."""

import gc
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from apps.oplog.publisher import Publisher
from config.garbage_collection import collect_as_usual, collect_rarely
from tests.support import lanes
from tests.support.launcher import Launched

#: What people wait ten seconds or longer for, tests wait for as well; and what comes after hundreds
#: of edits comes within one test.
SHORT_WAITS = {
    "LOCK_LEASE_S": "3",
    "SNAPSHOT_OPERATIONS": "50",
    "TOKEN_EXPIRY_GRACE_S": "2",
    "LIMIT_PENDING_AGE_S": "5",
    "SNAPSHOT_QUIET_S": "2",
    "SWEEP_AFTER_S": "2",
    "SWEEP_INTERVAL_S": "2",
}

#: What becomes of each operation is followed through the logs (docs/operations.md).
FOLLOWED = {"LOG_FORMAT": "json", "LOG_OPERATIONS": "true"}

# By the clock nothing is wrong with an example: the machine may stand still for a moment.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import the tests without looking for garbage, and do not look among them later."""
    collect_rarely()
    result = yield
    gc.freeze()
    collect_as_usual()
    return result


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests into the order in which lanes take them."""
    items[:] = lanes.order(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> lanes.LaneScheduling:
    """Return the scheduler of lanes."""
    return lanes.LaneScheduling(config, log)


@pytest.fixture(scope="session")
def publisher() -> Iterator[Publisher]:
    """Return a producer of this process to the real broker."""
    publisher = Publisher()
    yield publisher
    publisher.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """Start a whole ``make up`` with services of its own, in a path with a space."""
    folder = Path(tmp_path_factory.mktemp("a stack"))
    launched = Launched(folder, settings={**SHORT_WAITS, **FOLLOWED})
    try:
        launched.wait_until_ready()
        yield launched
    finally:
        launched.stop()
