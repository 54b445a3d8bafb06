"""Child processes whose tasks hang, eat memory or die: the caller gets a clear error."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from apps.core.errors import AppError, ConflictError
from apps.core.task_pool import (
    CallerGoneError,
    TaskDiedError,
    TaskLimits,
    TaskPool,
    TasksBusyError,
    TaskTimeoutError,
    TaskTooLargeError,
)
from tests.core import hostile_tasks
from tests.support.eventually import eventually

LIMITS = TaskLimits(timeout_s=60, memory_bytes=512 * 2**20, output_bytes=100_000)
#: How long a call waits for a free process where the test expects that it gets one.
PATIENT_S = 60.0


@pytest.fixture
def pool() -> Iterator[TaskPool]:
    """Return a pool of two processes."""
    pool = TaskPool(2, LIMITS)
    yield pool
    pool.close()


@pytest.fixture
def hasty() -> Iterator[TaskPool]:
    """Return a pool of one process whose tasks have a second."""
    pool = TaskPool(1, LIMITS._replace(timeout_s=1))
    yield pool
    pool.close()


def alive(path: Path) -> bool:
    """Return whether the process that announced itself there is alive."""
    return runs(int(path.read_text()))


def runs(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def test_tasks_run_in_another_process_which_stays(pool: TaskPool) -> None:
    """It is started once."""
    first = pool.run(hostile_tasks.pid, wait_s=PATIENT_S)
    assert first != os.getpid()
    assert pool.run(hostile_tasks.pid, wait_s=PATIENT_S) == first
    assert pool.run(hostile_tasks.identity, [b"\x00", {"a": 1}], wait_s=PATIENT_S) == [
        b"\x00",
        {"a": 1},
    ]


@pytest.mark.parametrize("hanging", [hostile_tasks.hang, hostile_tasks.hang_deaf])
def test_task_that_hangs_is_ended_and_the_next_one_runs(
    hasty: TaskPool, tmp_path: Path, hanging: object
) -> None:
    """Also one that does not hear SIGTERM, as while the engine holds the interpreter."""
    path = tmp_path / "pid"
    hasty.run(hostile_tasks.identity, 1, wait_s=PATIENT_S)
    with pytest.raises(TaskTimeoutError) as refused:
        hasty.run(hanging, str(path), wait_s=PATIENT_S)  # type: ignore[arg-type]
    assert refused.value.extra == {"limit": "CONVERSION_TIMEOUT_S", "value": 1}
    assert hasty.run(hostile_tasks.identity, 2, wait_s=PATIENT_S) == 2
    eventually(lambda: not alive(path))


def test_task_that_eats_memory_is_refused_and_the_next_one_runs(pool: TaskPool) -> None:
    """The limit is of its own process."""
    with pytest.raises(TaskTooLargeError) as refused:
        pool.run(hostile_tasks.eat_memory, wait_s=PATIENT_S)
    assert refused.value.extra == {"limit": "CONVERSION_MEMORY_BYTES", "value": 512 * 2**20}
    assert pool.run(hostile_tasks.identity, 2, wait_s=PATIENT_S) == 2


def test_result_that_is_too_long_is_refused(pool: TaskPool) -> None:
    """Before the caller's process has it."""
    assert len(pool.run(hostile_tasks.answer_long, 99_000, wait_s=PATIENT_S)) == 99_000
    with pytest.raises(TaskTooLargeError) as refused:
        pool.run(hostile_tasks.answer_long, 101_000, wait_s=PATIENT_S)
    assert refused.value.extra == {"limit": "CONVERSION_OUTPUT_BYTES", "value": 100_000}


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_task_that_dies_is_an_error_of_its_caller_alone(
    pool: TaskPool, tmp_path: Path, number: int
) -> None:
    """Another task runs on in its own process, and the next one has a process."""
    path, gone = tmp_path / "pid", Event()
    with ThreadPoolExecutor() as executor:
        other = executor.submit(
            pool.run, hostile_tasks.hang, str(path), wait_s=PATIENT_S, gone=gone
        )
        eventually(path.exists)
        for _ in range(2):
            with pytest.raises(TaskDiedError):
                pool.run(hostile_tasks.die, number, wait_s=PATIENT_S)
        assert pool.run(hostile_tasks.identity, 2, wait_s=PATIENT_S) == 2
        assert alive(path)
        gone.set()
        with pytest.raises(CallerGoneError):
            other.result(PATIENT_S)


def test_process_that_was_killed_while_idle_is_replaced(pool: TaskPool) -> None:
    """As the kernel does when the machine lacks memory."""
    pid = int(pool.run(hostile_tasks.pid, wait_s=PATIENT_S))
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not runs(pid))
    assert pool.run(hostile_tasks.pid, wait_s=PATIENT_S) != pid


def test_error_of_the_product_reaches_the_caller_as_it_is(pool: TaskPool) -> None:
    """With its code and its facts; another one is a clear refusal, not a traceback."""
    with pytest.raises(ConflictError) as refused:
        pool.run(hostile_tasks.refuse, wait_s=PATIENT_S)
    assert (refused.value.code, refused.value.extra) == ("own_code", {"a": 1})
    with pytest.raises(TaskDiedError) as failed:
        pool.run(hostile_tasks.break_down, wait_s=PATIENT_S)
    assert isinstance(failed.value, AppError)


def test_caller_that_hangs_up_ends_its_task(pool: TaskPool, tmp_path: Path) -> None:
    """The work does not go on for nobody."""
    path, gone = tmp_path / "pid", Event()
    with ThreadPoolExecutor() as executor:
        call = executor.submit(pool.run, hostile_tasks.hang, str(path), wait_s=PATIENT_S, gone=gone)
        eventually(path.exists)
        gone.set()
        with pytest.raises(CallerGoneError):
            call.result(PATIENT_S)
    eventually(lambda: not alive(path))


def test_call_without_a_free_process_is_told_when_to_come_back(tmp_path: Path) -> None:
    """After the time to wait."""
    pool, gone, path = TaskPool(1, LIMITS), Event(), tmp_path / "pid"
    with ThreadPoolExecutor() as executor:
        call = executor.submit(pool.run, hostile_tasks.hang, str(path), wait_s=PATIENT_S, gone=gone)
        eventually(path.exists)
        with pytest.raises(TasksBusyError) as refused:
            pool.run(hostile_tasks.identity, 1, wait_s=0)
        gone.set()
        with pytest.raises(CallerGoneError):
            call.result(PATIENT_S)
    assert refused.value.retry_after_s == 5
    pool.close()


PARENT = """
import multiprocessing, sys, threading
from apps.core.task_pool import TaskLimits, TaskPool
from tests.core import hostile_tasks
pool = TaskPool(1, TaskLimits(60, 2**30, 2**20))
if sys.argv[2] == "celery":
    multiprocessing.get_logger()
work = lambda: pool.run(hostile_tasks.hang, sys.argv[1], wait_s=60)
threading.Thread(target=work, daemon=True).start()
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("number", "program"),
    [(None, "other"), (None, "celery"), (signal.SIGTERM, "other"), (signal.SIGKILL, "other")],
)
def test_processes_end_with_their_parent(tmp_path: Path, number: int | None, program: str) -> None:
    """At a stop in order and at a kill; a process in the middle of a task too.

    Celery asks ``multiprocessing`` for its logger, which then waits at the exit for all children
    before pebble ends its own.
    """
    path = tmp_path / "pid"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(path), program], stdin=subprocess.PIPE
    )
    try:
        eventually(path.exists)
        assert parent.stdin is not None
        if number is None:
            parent.stdin.close()
        else:
            parent.send_signal(number)
        assert parent.wait(PATIENT_S) == -(number or 0)
        eventually(lambda: not alive(path))
    finally:
        parent.kill()
        parent.communicate()
