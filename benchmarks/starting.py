"""How long ``make up`` takes until it serves: ``make bench-start``.

From the launcher's start to its word that all is ready; what it installs at the very first time is
not in it. On a new data folder, which gets its databases, and again on the same one.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.reporting import Report
from tests.support.launcher import Launched

#: How often it is started on data that is there.
TIMES: Final = 5


def main() -> int:
    """Measure and tell."""
    report = Report("start")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        stack = Launched(Path(folder))
        try:
            stack.wait_until_ready()
            report.row("make up on a new data folder", "s", [time.perf_counter() - began])
            report.row("make up on data that is there", "s", [_again(stack) for _ in range(TIMES)])
        finally:
            stack.stop()
    return 0


def _again(stack: Launched) -> float:
    """Stop it and start it; return how long the start took, in seconds."""
    stack.stop()
    began = time.perf_counter()
    stack.start()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
