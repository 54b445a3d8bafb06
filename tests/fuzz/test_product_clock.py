"""The clock by which a run of the fuzzer is judged on a busy machine."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.fuzz.product_clock import ProductClock, run_delay_s
from tests.support.eventually import eventually

_BUSY = "while True: pass"
#: Processor time that each busy process gets before it is looked at, in seconds.
_WORK_S = 0.3


@contextmanager
def busy(processor: int) -> Iterator[int]:
    """Run a process that keeps one processor busy; yield its id."""
    process = subprocess.Popen([sys.executable, "-S", "-c", _BUSY])
    os.sched_setaffinity(process.pid, {processor})
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_time_that_a_process_waits_for_a_processor_does_not_count() -> None:
    """Three share one processor, so each waits for twice as long as it works."""
    processor = min(os.sched_getaffinity(0))
    with ExitStack() as running:
        pids = [running.enter_context(busy(processor)) for _ in range(3)]
        clock = ProductClock(lambda: pids[0])
        began, wall_began = clock.now(), time.monotonic()
        eventually(lambda: run_delay_s(pids[0]) > 2 * _WORK_S)
        assert clock.now() - began < (time.monotonic() - wall_began) * 0.75


def test_time_of_a_process_that_sleeps_counts() -> None:
    """An answer that does not come is not the fault of the machine."""
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as asleep:
        clock = ProductClock(lambda: asleep.pid)
        delay = run_delay_s(asleep.pid)
        began, wall_began = clock.now(), time.monotonic()
        eventually(lambda: time.monotonic() - wall_began > _WORK_S)
        passed_s = time.monotonic() - wall_began
        waited_s = run_delay_s(asleep.pid) - delay
        assert clock.now() - began + waited_s >= passed_s - 0.01
        assert asleep.stdin is not None
        asleep.stdin.close()


def test_process_that_has_ended_has_no_delay() -> None:
    """Its restart is another finding."""
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as ended:
        pass
    assert run_delay_s(ended.pid) == 0.0
