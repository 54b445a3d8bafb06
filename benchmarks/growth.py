"""How cost grows with readers, documents and length: ``make bench-growth``.

Each on services of its own. ``cpu_s`` is the server's own, of all that is typed in a case.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.generating import Generator
from benchmarks.reporting import RESULTS
from benchmarks.results import Row, number_text
from benchmarks.subjects import EMBEDDED, Scriptorium

#: What grows.
SCENARIOS: Final = {"G1": "readers", "G2": "documents", "G3": "letters in the document"}
METRICS: Final = ("latency_p50_ms", "latency_p99_ms", "cpu_s", "services_cpu_s", "rss_mib", "lost")


def main() -> int:
    """Measure, print a table for each, and keep the rows in ``results/growth.jsonl``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short measurements")
    words = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        (RESULTS / "growth.jsonl").open("w", encoding="utf-8") as file,
    ):
        generator = Generator(Path(folder), quick=words.quick)
        for scenario, what in SCENARIOS.items():
            subject = Scriptorium(Path(folder) / scenario)
            try:
                told = subject.measure(scenario, generator)
            finally:
                subject.close()
            _say(f"\n{what}\n{_line(METRICS)}\n{_line(['---'] * len(METRICS), '---')}")
            for case, metrics in told:
                _say(_line([_text(metrics, name) for name in METRICS], case))
                for name, value in metrics.items():
                    if value is not None:
                        row = Row(scenario, case, subject.name, EMBEDDED, name, (value,))
                        file.write(f"{row.line()}\n")
    return 0


def _line(cells: "tuple[str, ...] | list[str]", first: str = "") -> str:
    return f"| {first} | {' | '.join(cells)} |"


def _text(metrics: Mapping[str, float | None], name: str) -> str:
    value = metrics.get(name)
    return "" if value is None else number_text(value)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the interface


if __name__ == "__main__":
    sys.exit(main())
