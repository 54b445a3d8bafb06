"""A clock that stands still while the web server waits for a processor.

By it, the bounds of a run hold on a busy machine too: what other programs take is no finding.
"""

import time
from collections.abc import Callable
from pathlib import Path


class ProductClock:
    """Seconds that pass for a process; ``pid`` is asked each time, because it may be restarted."""

    def __init__(self, pid: Callable[[], int]) -> None:
        self._pid = pid

    def now(self) -> float:
        """Return the time in seconds, of which only differences have a meaning."""
        return time.monotonic() - run_delay_s(self._pid())


def run_delay_s(pid: int) -> float:
    """Return how long the main thread of a process was ready to run and did not, in seconds.

    0 where it has ended, or where the kernel does not count it. Source: the kernel's
    ``Documentation/scheduler/sched-stats.rst``.
    """
    try:
        _, delay_ns, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(delay_ns) / 1e9
