"""The arithmetic of docs/scaling.md."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.capacity import MOST_BUSY, Measured, need_of

ROOT = Path(__file__).parents[2]
#: A server that needs no memory for what is open.
LEAN = {"document_kib": 0.0, "session_kib": 0.0}


def test_need_grows_with_the_documents() -> None:
    """Ten times as many need ten times as much, and never less than one server."""
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
        ({**LEAN, "server_per_s": 1e9}, "one MongoDB's writes"),
        ({**LEAN, "server_per_s": 1e9, "mongodb_per_s": 1e9}, "one worker"),
    ],
)
def test_what_is_made_better_is_the_limit_no_more(better: dict[str, float], first: str) -> None:
    """Then the next one is."""
    assert need_of(20_000, replace(Measured(), **better)).first == first


def test_nothing_is_planned_to_be_full() -> None:
    """There is room for a server that is away."""
    need = need_of(10_000)
    assert need.operations_per_s < need.servers * Measured().server_per_s * MOST_BUSY


def test_the_table_of_the_document_is_what_the_command_prints() -> None:
    """So the two do not part."""
    words = (sys.executable, "-m", "benchmarks.capacity")
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout in (ROOT / "docs/scaling.md").read_text()
