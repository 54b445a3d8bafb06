"""A conversion whose caller hangs up: the program of the other project ends with it."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from apps.core.task_pool import CallerGoneError, TaskLimits, TaskPool
from apps.office.conversion import office_read
from apps.office.pandoc import pandoc_run
from tests.core.test_task_pool import runs
from tests.office.samples import LIMITS, PICTURES
from tests.support.eventually import eventually

#: pandoc needs many seconds for it.
LONG = b"*a* " * 2_000_000
PATIENT_S = 60


def programs(name: str) -> set[int]:
    """Return the ids of running programs of this name that this process has started."""
    parents: dict[int, int] = {}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text()
        except OSError:
            continue
        command, _, rest = status.rpartition(")")
        parents[int(folder.name)] = int(rest.split()[1])
        if command.endswith(f"({name}"):
            found.append(int(folder.name))
    return {pid for pid in found if _descends(pid, parents)}


def _descends(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == os.getpid():
            return True
    return False


CALLS: dict[str, Callable[[], object]] = {
    "export": partial(pandoc_run, LONG, LIMITS, "--from=markdown"),
    "import": partial(office_read, LONG, "rst", limits=LIMITS, **PICTURES),
}


@pytest.mark.parametrize("name", CALLS)
def test_program_ends_with_a_caller_that_hangs_up(name: str) -> None:
    """A real pandoc, in the middle of its work."""
    pool = TaskPool(1, TaskLimits(timeout_s=PATIENT_S, memory_bytes=2**31, output_bytes=2**26))
    gone = Event()
    with ThreadPoolExecutor() as executor:
        call = executor.submit(pool.run, CALLS[name], wait_s=PATIENT_S, gone=gone)
        eventually(lambda: programs("pandoc"))
        (pid,) = programs("pandoc")
        gone.set()
        with pytest.raises(CallerGoneError):
            call.result(PATIENT_S)
    eventually(lambda: not runs(pid))
    pool.close()
