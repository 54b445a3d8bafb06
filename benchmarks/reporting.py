"""What the measurements of a Scriptorium of their own share: its start, and how a row is told."""

import json
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.launcher import Launched

RESULTS = Path(__file__).parent / "results"
#: From so many values on, what 95 of 100 stay below says more than the least and the most.
_MANY = 20


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
    """Prints rows, and keeps each as a line of JSON."""

    def __init__(self, name: str) -> None:
        RESULTS.mkdir(exist_ok=True)
        self._file = RESULTS / f"{name}.jsonl"

    def row(self, what: str, unit: str, values: Sequence[float]) -> None:
        """Tell the median of some values, with their spread."""
        median = statistics.median(values)
        spread = f" ({min(values):.4g} to {max(values):.4g})" if len(values) > 1 else ""
        if len(values) >= _MANY:
            spread = f" (p95 {_late(values):.4g}, most {max(values):.4g})"
        print(f"{what:<62}{median:>10.4g} {unit}{spread}", flush=True)  # noqa: T201 - the interface
        row = {"scenario": what, "subject": "scriptorium", "value": median, "unit": unit}
        with self._file.open("a") as file:
            file.write(json.dumps({**row, "services": "embedded", "runs": list(values)}) + "\n")


def _late(values: Sequence[float]) -> float:
    """Return what 95 of 100 values stay below."""
    return sorted(values)[(len(values) - 1) * 95 // 100]
