"""Draws how cost grows: a row of plots for each quantity, for latency, CPU and memory.

The quantity is on a logarithmic axis, and the cost on a linear axis from 0: linear growth bends
upwards, and constant cost is a flat line.
"""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.results import Row, number_text

#: Title, unit and metrics of each column.
COLUMNS: Final = (
    ("latency", "ms", ("latency_p50_ms", "latency_p99_ms")),
    ("CPU of the case", "s", ("cpu_s", "services_cpu_s")),
    ("memory of the server", "MiB", ("rss_mib",)),
)
#: The label of each line.
_NAMES: Final = {
    "latency_p50_ms": "p50",
    "latency_p99_ms": "p99",
    "cpu_s": "server",
    "services_cpu_s": "services",
    "rss_mib": "",
}
_WIDTH, _HEIGHT = 320, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 52, 34, 34
#: Minimal distance between the labels of two lines.
_LABEL_DISTANCE = 12.0
_COLOURS: Final = ("#3b6ea5", "#c0722f")
_INK, _GRID = "#333", "#d7dadd"

Point = tuple[float, float]


def chart(rows: Sequence[Row], scenarios: Mapping[str, str]) -> str:
    """Return the plots of the scenarios with results, as an SVG."""
    body: list[str] = []
    height = 0
    for scenario, quantity in scenarios.items():
        found = [row for row in rows if row.scenario == scenario]
        if not found:
            continue
        for column, (title, unit, metrics) in enumerate(COLUMNS):
            lines = {name: points for name in metrics if (points := _points(found, name))}
            plot = _plot(f"{title}, {unit}", quantity, lines)
            body.append(f'<g transform="translate({column * _WIDTH},{height})">{plot}</g>')
        height += _HEIGHT
    return (
        '<svg xmlns="http://www.w3.org/2000/svg"'
        f' viewBox="0 0 {_WIDTH * len(COLUMNS)} {height}" role="img"'
        ' font-family="sans-serif" font-size="11">\n'
        '<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _points(rows: Sequence[Row], metric: str) -> list[Point]:
    """Return (amount, cost) of each case, whose name starts with the amount."""
    return [(float(row.case.split()[0]), row.value) for row in rows if row.metric == metric]


def _plot(title: str, quantity: str, lines: Mapping[str, Sequence[Point]]) -> str:
    """Return one plot; without results, only its title."""
    parts = [
        f'<text x="{_LEFT}" y="18" fill="{_INK}" font-weight="bold">{html.escape(title)}</text>'
    ]
    points = [point for line in lines.values() for point in line]
    if not points:
        return "".join(parts)
    most = max(cost for _, cost in points) or 1.0
    across = _Axis([amount for amount, _ in points])
    for share in (0.0, 0.5, 1.0):
        y = _down(share)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="{_GRID}"/>')
        label = number_text(most * share) if share else "0"
        parts.append(_text(_LEFT - 6, y + 4, label, anchor="end"))
    parts += [
        _text(across.at(amount), _HEIGHT - _BOTTOM + 14, _short(amount))
        for amount in sorted({amount for amount, _ in points})
    ]
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 6, html.escape(quantity)))
    label_y = -_LABEL_DISTANCE
    for colour, (name, line) in zip(_COLOURS, lines.items(), strict=False):
        points_on_plot = [(across.at(amount), _down(cost / most)) for amount, cost in line]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points_on_plot)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = points_on_plot[-1]
        if abs(y - label_y) < _LABEL_DISTANCE:
            y = label_y + _LABEL_DISTANCE
        label_y = y
        parts.append(_text(x + 6, y + 4, _NAMES[name], anchor="start", colour=colour))
    return "".join(parts)


class _Axis:
    """A logarithmic axis of amounts; 0 is drawn as a tenth of the smallest amount."""

    def __init__(self, amounts: Sequence[float]) -> None:
        self._zero = min((amount for amount in amounts if amount), default=1.0) / 10
        positions = [self._log(amount) for amount in amounts]
        self._least, self._span = min(positions), (max(positions) - min(positions)) or 1.0

    def at(self, amount: float) -> float:
        """Return the x coordinate of an amount."""
        share = (self._log(amount) - self._least) / self._span
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def _log(self, amount: float) -> float:
        return math.log10(amount or self._zero)


def _short(amount: float) -> str:
    """Return 10,000 as 10k."""
    for factor, letter in ((1e6, "M"), (1e3, "k")):
        if amount >= factor:
            return f"{amount / factor:g}{letter}"
    return f"{amount:g}"


def _down(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _text(x: float, y: float, text: str, *, anchor: str = "middle", colour: str = _INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{text}</text>'
