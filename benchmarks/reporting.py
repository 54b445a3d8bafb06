"""Shared by measurements of a new Scriptorium: its start, and the report of a row."""

import json
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.launcher import Launched

RESULTS = Path(__file__).parent / "results"
#: From this many values on, the report has the 95th percentile in place of the range.
_PERCENTILE_MIN_VALUES = 20


@contextmanager
def launched(folder: Path) -> Iterator[Launched]:
    """Start a Scriptorium in a folder, and stop it."""
    stack = Launched(folder)
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        stack.stop()


class Report:
    """Prints rows, and stores each as a line of JSON."""

    def __init__(self, name: str) -> None:
        RESULTS.mkdir(exist_ok=True)
        self._file = RESULTS / f"{name}.jsonl"

    def row(self, scenario: str, unit: str, values: Sequence[float]) -> None:
        """Report the median of values, with their spread."""
        median = statistics.median(values)
        spread = f" ({min(values):.4g} to {max(values):.4g})" if len(values) > 1 else ""
        if len(values) >= _PERCENTILE_MIN_VALUES:
            spread = f" (p95 {_percentile_95(values):.4g}, most {max(values):.4g})"
        print(f"{scenario:<62}{median:>10.4g} {unit}{spread}", flush=True)  # noqa: T201 - the interface
        row = {"scenario": scenario, "subject": "scriptorium", "value": median, "unit": unit}
        with self._file.open("a") as file:
            file.write(json.dumps({**row, "services": "embedded", "runs": list(values)}) + "\n")


def _percentile_95(values: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return sorted(values)[(len(values) - 1) * 95 // 100]
