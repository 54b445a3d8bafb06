"""The capacity planning of docs/scaling.md."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.capacity import MAX_UTILISATION, Measured, need_of

ROOT = Path(__file__).parents[2]
#: A server that needs no memory for documents and sessions.
NO_MEMORY = {"document_kib": 0.0, "session_kib": 0.0}


def test_need_grows_with_the_documents() -> None:
    """Ten times as many documents need ten times as much, and at least one server."""
    small, large = need_of(2_000), need_of(20_000)
    for name in ("operations_per_s", "workers", "mongodb_busy", "stored_gib_a_day"):
        assert getattr(large, name) == pytest.approx(10 * getattr(small, name))
    assert need_of(1).servers == 1
    assert need_of(1).first == "nothing"


@pytest.mark.parametrize(
    ("better", "first"),
    [
        ({}, "one web server's CPU"),
        ({"server_per_s": 1e9}, "one web server's memory"),
        ({**NO_MEMORY, "server_per_s": 1e9}, "one MongoDB's writes"),
        ({**NO_MEMORY, "server_per_s": 1e9, "mongodb_per_s": 1e9}, "one worker"),
    ],
)
def test_first_limit_moves_when_a_figure_improves(better: dict[str, float], first: str) -> None:
    """Then it is the next one."""
    assert need_of(20_000, replace(Measured(), **better)).first == first


def test_servers_are_planned_below_full_utilisation() -> None:
    """With spare capacity for a server that is down."""
    need = need_of(10_000)
    assert need.operations_per_s < need.servers * Measured().server_per_s * MAX_UTILISATION


def test_documented_table_is_the_output_of_the_command() -> None:
    """docs/scaling.md has the current table."""
    words = (sys.executable, "-m", "benchmarks.capacity")
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout in (ROOT / "docs/scaling.md").read_text()
