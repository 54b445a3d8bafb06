"""Start time of ``make up``: ``make bench-start``.

From the launcher's start to its message that all is ready, without the installation of the first
run. On a new data folder, where the databases are created, and again on the same folder.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.reporting import Report
from tests.support.launcher import Launched

#: Starts on existing data.
RESTARTS: Final = 5


def main() -> int:
    """Measure, and print the rows."""
    report = Report("start")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        stack = Launched(Path(folder))
        try:
            stack.wait_until_ready()
            report.row("make up on a new data folder", "s", [time.perf_counter() - began])
            report.row(
                "make up on data that is there", "s", [_again(stack) for _ in range(RESTARTS)]
            )
        finally:
            stack.stop()
    return 0


def _again(stack: Launched) -> float:
    """Restart; return the duration of the start, in seconds."""
    stack.stop()
    began = time.perf_counter()
    stack.start()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
