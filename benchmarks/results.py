"""Results as lines of JSON, and as a table with the goals (``docs/performance.md``)."""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LATEST: Final = Path(__file__).parent / "results" / "latest.jsonl"
SUBJECTS: Final = ("scriptorium", "hocuspocus", "y-websocket-server", "pycrdt-websocket", "relay")
SCENARIOS: Final = {
    "S1": "One writer, a key each 20 ms, and 1, 10 and 100 readers",
    "S2": "Ten writers in one document, 32 updates each under way",
    "S3": "Many documents with two people each, ten keys a second in each",
    "S4": "Opening a long document, warm and after a restart",
    "S5": "Memory of open documents",
    "S6": "SIGKILL of the server: letters that others had seen, and that are gone",
    "S7": "Batches of ten people: to the ack, and to the other's screen",
    "S8": "Sessions in which nobody types",
    "S9": "Fifty people type in one document, and move their carets",
    "S10": "Documents opened cold at once, after a restart",
    "S11": "24 documents through the gateway of `make stack`",
    "S12": "A worker catches up",
    "S13": "People type in ten documents while somebody misuses the server in another one",
    "S14": "Many documents with two people each, a key a second, then until 80 % of a core",
}
#: Metrics that the table omits; the lines of JSON have them.
_NOT_IN_TABLE: Final = frozenset(
    {
        "cpu_pct",
        "generator_cpu_pct",
        "generator_lag_p99_ms",
        "deliveries_per_s",
        "seen",
        "closed",
        "seconds",
    }
)
_UNITS: Final = {
    "_per_s": "1/s",
    "_per_cpu_s": "1/s",
    "_ms": "ms",
    "_ms_per_session": "ms",
    "cpu_s": "s",
    "_pct": "%",
    "_mib": "MiB",
    "_ratio": "ratio",
}


@dataclass(frozen=True)
class Row:
    """One figure: the median of the runs of one subject on one kind of services."""

    scenario: str
    #: Distinguishes the measurements of one scenario; empty if there is only one.
    case: str
    subject: str
    services: str
    metric: str
    runs: tuple[float, ...]

    @property
    def value(self) -> float:
        """Return the median."""
        return statistics.median(self.runs)

    def line(self, **more: Any) -> str:
        """Return the row as JSON."""
        fields = {
            "scenario": self.scenario,
            "case": self.case,
            "subject": self.subject,
            "metric": self.metric,
            "value": round(self.value, 3),
            "unit": unit_of(self.metric),
            "services": self.services,
            "runs": [round(run, 3) for run in self.runs],
        }
        return json.dumps({**fields, **more}, ensure_ascii=False)

    @classmethod
    def read(cls, line: str) -> "Row":
        """Return the row of a line. Raises ``ValueError`` or ``KeyError`` for an invalid line."""
        fields = json.loads(line)
        names = ("scenario", "case", "subject", "services", "metric")
        return cls(runs=tuple(fields["runs"]), **{name: fields[name] for name in names})


@dataclass(frozen=True)
class Goal:
    """The goal of a figure of Scriptorium: an absolute value, or relative to another subject."""

    scenario: str
    metric: str
    factor: float
    #: Whether larger is better.
    at_least: bool = False
    #: The subject that ``factor`` multiplies; ``best peer`` is the best one that stores documents.
    of: str = ""
    #: The factor on the embedded MongoDB server, if it is different.
    embedded_factor: float | None = None

    def text(self, services: str) -> str:
        """Return the goal in words."""
        factor = self._factor(services)
        sign = "≥" if self.at_least else "≤"
        if not self.of:
            return f"{sign} {factor:,g}"
        return f"{sign} {self.of}" if factor == 1 else f"{sign} {factor:g} × {self.of}"

    def is_met(self, row: Row, others: Iterable[Row]) -> bool | None:
        """Return whether a row meets the goal; None if the other subject was not measured."""
        bound = self._factor(row.services)
        if self.of:
            compared = [other.value for other in others if self._is_compared(row, other)]
            if not compared:
                return None
            bound *= max(compared) if self.at_least else min(compared)
        return row.value >= bound if self.at_least else row.value <= bound

    def _factor(self, services: str) -> float:
        if self.embedded_factor is not None and "embedded" in services:
            return self.embedded_factor
        return self.factor

    def _is_compared(self, row: Row, other: Row) -> bool:
        if (other.scenario, other.case, other.metric) != (row.scenario, row.case, row.metric):
            return False
        if self.of == "best peer":
            return other.subject not in {"scriptorium", "relay"}
        return other.subject == self.of


GOALS: Final = (
    Goal("S1", "latency_p50_ms", 2, of="hocuspocus"),
    Goal("S2", "updates_per_s", 1.5, at_least=True, of="hocuspocus"),
    Goal("S3", "cpu_s", 1, of="hocuspocus"),
    Goal("S3", "latency_p99_ms", 1, of="hocuspocus", embedded_factor=2),
    Goal("S4", "warm_p50_ms", 1, of="best peer"),
    Goal("S4", "restart_p50_ms", 1, of="best peer"),
    Goal("S5", "kib_per_document", 31),
    Goal("S6", "lost", 0),
    Goal("S7", "persisted_p50_ms", 15),
    Goal("S9", "latency_p99_ms", 50),
    Goal("S12", "operations_per_s", 20_000, at_least=True),
    Goal("S13", "latency_p95_ratio", 2),
    Goal("S13", "lost", 0),
    Goal("S13", "closed_otherwise", 0),
    Goal("S14", "updates_per_cpu_s", 4_000, at_least=True),
    Goal("S14", "lost", 0),
)


def unit_of(metric: str) -> str:
    """Return the unit of a metric, which is part of its name."""
    if metric.startswith("kib_"):
        return "KiB"
    for ending in sorted(_UNITS, key=len, reverse=True):
        if metric.endswith(ending):
            return _UNITS[ending]
    return "count"


def rows_of(measured: Mapping[tuple[str, str, str, str, str], Sequence[float]]) -> list[Row]:
    """Return the rows of (scenario, case, subject, services, metric) and their values."""
    return [Row(*key, tuple(values)) for key, values in measured.items()]


def rows_read(file: Path = LATEST) -> list[Row]:
    """Return the rows of a file of results; no rows if it does not exist."""
    if not file.exists():
        return []
    return [Row.read(line) for line in file.read_text(encoding="utf-8").splitlines()]


def rows_write(
    rows: Iterable[Row], scenarios: Iterable[str], file: Path = LATEST, **more: Any
) -> None:
    """Replace all rows of these scenarios in a file.

    So the rows of one scenario are always of one run.
    """
    replaced = set(scenarios)
    kept = []
    if file.exists():
        lines = file.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if Row.read(line).scenario not in replaced]
    file.parent.mkdir(exist_ok=True)
    lines = [*kept, *(row.line(**more) for row in rows)]
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


# --- the table -----------------------------------------------------------------------------------


def table(rows: Sequence[Row]) -> str:
    """Return all rows as Markdown: a table for each scenario, a column for each subject."""
    return "\n\n".join(
        _table_of([row for row in rows if row.scenario == scenario], title, scenario)
        for scenario, title in SCENARIOS.items()
        if any(row.scenario == scenario for row in rows)
    )


def _table_of(rows: list[Row], title: str, scenario: str) -> str:
    columns = _columns(rows)
    heads = [" on ".join(part for part in column if part) for column in columns]
    lines = [
        f"### {scenario}: {title}",
        "",
        _line(["", *heads, "goal"]),
        "| --- " * (len(heads) + 2) + "|",
    ]
    for case, metric in dict.fromkeys((row.case, row.metric) for row in rows):
        if metric in _NOT_IN_TABLE or metric.endswith("_p95_ms"):
            continue
        found = [row for row in rows if (row.case, row.metric) == (case, metric)]
        cells = [_cell(found, column) for column in columns]
        name = f"{case}: {metric}" if case else metric
        lines.append(_line([name, *cells, _verdicts(found)]))
    return "\n".join(lines)


def _columns(rows: list[Row]) -> list[tuple[str, str]]:
    """Return (subject, services) of each column; Scriptorium has one for each kind of services."""
    keys = {(row.subject, row.services if row.subject == "scriptorium" else "") for row in rows}
    return sorted(keys, key=lambda key: (SUBJECTS.index(key[0]), key[1]))


def _cell(rows: list[Row], column: tuple[str, str]) -> str:
    subject, services = column
    for row in rows:
        if row.subject == subject and services in {"", row.services}:
            spread = f" ({number_text(min(row.runs))}–{number_text(max(row.runs))})"
            return number_text(row.value) + (spread if len(row.runs) > 1 else "")
    return "–"


def _verdicts(rows: list[Row]) -> str:
    """Return the goal of these rows, and whether it is met for each kind of services."""
    words = []
    for goal in GOALS:
        for row in rows:
            if row.subject != "scriptorium" or (row.scenario, row.metric) != (
                goal.scenario,
                goal.metric,
            ):
                continue
            verdict = {True: "met", False: "**missed**", None: "not measured beside"}
            words.append(f"{goal.text(row.services)}: {verdict[goal.is_met(row, rows)]}")
    return "; ".join(words)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def number_text(value: float) -> str:
    """Return a number for people: whole above a thousand, otherwise with three digits."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
