"""How cost grows with readers, documents, length and operations: ``make bench-growth``.

Each scenario has new services. ``cpu_s`` is that of the server for all typing in a case. Stores the
rows in ``results/growth.jsonl``, and writes docs/performance-parts.md and docs/growth.svg.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.chart import DOCS, filled
from benchmarks.generating import Generator
from benchmarks.growth_chart import chart
from benchmarks.reporting import RESULTS
from benchmarks.results import Row, number_text
from benchmarks.subjects import EMBEDDED, Scriptorium

#: The scenarios, each with the quantity that grows.
SCENARIOS: Final = {
    "G1": "readers",
    "G2": "documents",
    "G3": "letters in the document",
    "G4": "operations in the log",
}
METRICS: Final = (
    "latency_p50_ms", "latency_p99_ms", "open_p50_ms", "cpu_s", "services_cpu_s", "rss_mib", "lost",
)  # fmt: skip
MARK: Final = "make bench-growth"


def main() -> int:
    """Measure all scenarios, print their tables, store the rows, and draw them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short measurements")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        generator = Generator(Path(folder), quick=options.quick)
        for scenario, what in SCENARIOS.items():
            found = _measured(scenario, Scriptorium(Path(folder) / scenario), generator)
            print(f"\n{table(found, what)}", flush=True)  # noqa: T201 - the interface
            rows += found
    lines = "".join(f"{row.line()}\n" for row in rows)
    (RESULTS / "growth.jsonl").write_text(lines, encoding="utf-8")
    file = DOCS / "performance-parts.md"
    figures = "\n\n".join(
        table([row for row in rows if row.scenario == scenario], what)
        for scenario, what in SCENARIOS.items()
    )
    text = filled(file.read_text(encoding="utf-8"), figures, mark=MARK)
    file.write_text(text, encoding="utf-8")
    (DOCS / "growth.svg").write_text(chart(rows, SCENARIOS), encoding="utf-8")
    return 0


def table(rows: Sequence[Row], what: str) -> str:
    """Return the table of a scenario: a line for each case, a column for each of its metrics."""
    cases = {
        case: {row.metric: row.value for row in rows if row.case == case} for case in _cases(rows)
    }
    metrics = [name for name in METRICS if any(name in found for found in cases.values())]
    lines = [_line(what, metrics), _line("---", ["---"] * len(metrics))]
    for case, found in cases.items():
        cells = [number_text(found[name]) if name in found else "" for name in metrics]
        lines.append(_line(case, cells))
    return "\n".join(lines)


def _measured(scenario: str, subject: Scriptorium, generator: Generator) -> list[Row]:
    try:
        results = subject.measure(scenario, generator)
    finally:
        subject.close()
    return [
        Row(scenario, case, subject.name, EMBEDDED, name, (value,))
        for case, metrics in results
        for name, value in metrics.items()
        if value is not None
    ]


def _cases(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.case for row in rows))


def _line(first: str, cells: Sequence[str]) -> str:
    return f"| {first} | {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
