"""The results: lines of JSON, and a table with the goals."""

import json
from pathlib import Path

import pytest

from benchmarks.results import Row, rows_read, rows_write, table, unit_of

SQLITE = "SQLite"


def a_row(
    metric: str,
    value: float,
    subject: str = "scriptorium",
    *,
    scenario: str = "S2",
    services: str = "embedded",
    case: str = "",
) -> Row:
    """Return a row of three runs around a value."""
    return Row(scenario, case, subject, services, metric, (value - 1, value, value + 1))


# --- lines ---------------------------------------------------------------------------------------


def test_line_has_all_fields_and_the_median(tmp_path: Path) -> None:
    """Other programs read these fields."""
    file = tmp_path / "latest.jsonl"
    rows_write([a_row("updates_per_s", 5000)], ["S2"], file)
    assert json.loads(file.read_text()) == {
        "scenario": "S2",
        "case": "",
        "subject": "scriptorium",
        "metric": "updates_per_s",
        "value": 5000,
        "unit": "1/s",
        "services": "embedded",
        "runs": [4999, 5000, 5001],
    }


def test_rows_read_are_the_rows_written(tmp_path: Path) -> None:
    """Rounded to a thousandth."""
    file = tmp_path / "latest.jsonl"
    rows = [a_row("cpu_s", 2.5), a_row("lost", 1, "hocuspocus", scenario="S6", services=SQLITE)]
    rows_write(rows, ["S2", "S6"], file, quick=True)
    assert rows_read(file) == rows


def test_rows_write_replaces_all_rows_of_a_scenario(tmp_path: Path) -> None:
    """Rows of different runs must not be compared."""
    file = tmp_path / "latest.jsonl"
    kept = a_row("lost", 1, "hocuspocus", scenario="S6")
    rows_write([a_row("updates_per_s", 1, "hocuspocus"), kept], ["S2", "S6"], file)
    new = a_row("updates_per_s", 5000)
    rows_write([new], ["S2"], file)
    assert rows_read(file) == [kept, new]


@pytest.mark.parametrize(
    ("metric", "unit"),
    [
        ("updates_per_s", "1/s"),
        ("latency_p50_ms", "ms"),
        ("cpu_s", "s"),
        ("services_cpu_s", "s"),
        ("updates_per_cpu_s", "1/s"),
        ("kib_per_document", "KiB"),
        ("lost", "count"),
        ("others_cpu_pct", "%"),
        ("rss_mib", "MiB"),
    ],
)
def test_unit_is_part_of_the_metrics_name(metric: str, unit: str) -> None:
    """For each kind of metric."""
    assert unit_of(metric) == unit


# --- the table -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [(15_000, "≥ 1.5 × hocuspocus: met"), (14_999, "≥ 1.5 × hocuspocus: **missed**")],
)
def test_goal_relative_to_another_server(ours: float, verdict: str) -> None:
    """The table shows whether it is met."""
    rows = [
        a_row("updates_per_s", ours),
        a_row("updates_per_s", 10_000, "hocuspocus", services=SQLITE),
    ]
    assert verdict in table(rows)


def test_goal_without_the_other_server_is_not_decided() -> None:
    """It was not measured in this run."""
    text = table([a_row("updates_per_s", 1e9)])
    assert "not measured beside" in text
    assert "met;" not in text


@pytest.mark.parametrize(("lost", "verdict"), [(0, "≤ 0: met"), (1, "≤ 0: **missed**")])
def test_absolute_goal(lost: float, verdict: str) -> None:
    """One lost character misses it."""
    assert verdict in table([Row("S6", "after 4 s", "scriptorium", "embedded", "lost", (lost,))])


def test_best_peer_is_not_the_relay() -> None:
    """The relay stores no document, so it cannot open one."""
    rows = [
        a_row("warm_p50_ms", 25, scenario="S4"),
        a_row("warm_p50_ms", 40, "hocuspocus", scenario="S4", services=SQLITE),
        a_row("warm_p50_ms", 26, "pycrdt-websocket", scenario="S4", services=SQLITE),
        a_row("warm_p50_ms", 5, "relay", scenario="S4", services="none"),
    ]
    assert "≤ best peer: met" in table(rows)


def test_kinds_of_services_have_a_column_and_a_verdict_each() -> None:
    """With the factor of the embedded MongoDB server."""
    rows = [
        a_row("latency_p99_ms", 19, scenario="S3"),
        a_row("latency_p99_ms", 19, scenario="S3", services="full-size"),
        a_row("latency_p99_ms", 10, "hocuspocus", scenario="S3", services=SQLITE),
    ]
    text = table(rows)
    assert "scriptorium on embedded | scriptorium on full-size | hocuspocus" in text
    assert "≤ 2 × hocuspocus: met; ≤ hocuspocus: **missed**" in text


def test_goal_compares_rows_of_the_same_case() -> None:
    """A hundred readers are not compared with one."""
    rows = [
        a_row("latency_p50_ms", 5, scenario="S1", case="100 readers"),
        a_row("latency_p50_ms", 4, "hocuspocus", scenario="S1", case="100 readers"),
        a_row("latency_p50_ms", 2, "hocuspocus", scenario="S1", case="1 reader"),
    ]
    assert "≤ 2 × hocuspocus: met" in table(rows)
