"""Draws the figures of ``make bench`` into docs/performance.md and docs/performance.svg.

``python -m benchmarks.chart`` reads ``benchmarks/results/latest.jsonl``. The text between the marks
of the document is generated, never written by hand.
"""

import html
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.results import LATEST, SUBJECTS, Row, number_text, rows_read, table

DOCS: Final = Path(__file__).parent.parent / "docs"
MARK: Final = "make bench"
#: The panels of the chart: scenario, the end of the case, metric, title.
PANELS: Final = (
    ("S1", "10 readers", "latency_p50_ms", "S1: key to screen, 10 readers, p50 ms"),
    ("S2", "", "updates_per_s", "S2: ten writers, updates/s (more is better)"),
    ("S3", " documents", "cpu_s", "S3: many documents, CPU s of the server"),
    ("S4", "", "warm_p50_ms", "S4: opening a long document, warm, ms"),
    ("S5", " documents", "kib_per_document", "S5: KiB for an open document"),
    ("S9", "", "latency_p99_ms", "S9: fifty people in one document, p99 ms"),
)
_COLUMNS, _WIDTH, _BAR, _GAP, _LABEL = 2, 460, 18, 8, 190
_HEAD, _MARGIN = 30, 20
_OURS, _OTHERS, _INK = "#3b6ea5", "#b9bec4", "#333"


def main() -> int:
    """Write both files; return 1 without results."""
    rows = rows_read()
    if not rows:
        print(f"{LATEST} does not exist: run make bench", file=sys.stderr)  # noqa: T201 - the answer
        return 1
    (DOCS / "performance.svg").write_text(chart(rows), encoding="utf-8")
    file = DOCS / "performance.md"
    text = filled(file.read_text(encoding="utf-8"), table(rows), mark=MARK)
    file.write_text(text, encoding="utf-8")
    return 0


def filled(text: str, figures: str, *, mark: str) -> str:
    """Return a document with new figures between a command's marks. Raises ``ValueError``."""
    first = f"<!-- figures of {mark}: begin -->\n"
    begin = text.index(first) + len(first)
    end = text.index(f"<!-- figures of {mark}: end -->\n", begin)
    return f"{text[:begin]}\n{figures}\n\n{text[end:]}"


def chart(rows: Sequence[Row]) -> str:
    """Return the chart of all panels with results, as an SVG."""
    panels = [(title, found) for *key, title in PANELS if (found := _bars(rows, *key))]
    height = max((_HEAD + len(bars) * (_BAR + _GAP) for _, bars in panels), default=0) + _MARGIN
    body = [
        f'<g transform="translate({number % _COLUMNS * _WIDTH},{number // _COLUMNS * height})">'
        f"{_panel(title, bars)}</g>"
        for number, (title, bars) in enumerate(panels)
    ]
    size = f"{_COLUMNS * _WIDTH} {-(-len(panels) // _COLUMNS) * height}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img"'
        ' font-family="sans-serif" font-size="12">\n'
        '<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _bars(rows: Sequence[Row], scenario: str, case: str, metric: str) -> list[tuple[str, float]]:
    """Return (name, value) of each subject with a result, in the table's order."""
    found = [
        row
        for row in rows
        if (row.scenario, row.metric) == (scenario, metric) and row.case.endswith(case)
    ]
    found.sort(key=lambda row: (SUBJECTS.index(row.subject), row.services))
    return [(_name(row), row.value) for row in found]


def _name(row: Row) -> str:
    if row.subject != "scriptorium":
        return row.subject
    return f"scriptorium, {row.services.partition(',')[0]}"


def _panel(title: str, bars: Sequence[tuple[str, float]]) -> str:
    largest = max(value for _, value in bars) or 1
    lines = [
        f'<text x="{_MARGIN}" y="20" fill="{_INK}" font-weight="bold">{html.escape(title)}</text>'
    ]
    for number, (name, value) in enumerate(bars):
        top = _HEAD + number * (_BAR + _GAP)
        width = max(1.0, (_WIDTH - _LABEL - 90) * value / largest)
        colour = _OURS if name.startswith("scriptorium") else _OTHERS
        middle = top + _BAR - 5
        end = f"{_LABEL + width + 6:.1f}"
        lines += [
            f'<text x="{_LABEL - 8}" y="{middle}" fill="{_INK}" text-anchor="end">{name}</text>',
            f'<rect x="{_LABEL}" y="{top}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>',
            f'<text x="{end}" y="{middle}" fill="{_INK}">{number_text(value)}</text>',
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
