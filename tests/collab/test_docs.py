"""``docs/protocol.md`` against the source: frames, stages, close codes, limits."""

from dataclasses import fields
from typing import Final

import pytest

from apps.collab import close_codes, protocol
from apps.collab.limits import Limits
from tests.support.launcher import ROOT

PAGE: Final = (ROOT / "docs" / "protocol.md").read_text()
UNITS: Final = {"MiB": 1024 * 1024, "KiB": 1024, "s": 1, "": 1}


def table(heading: str) -> dict[str, list[str]]:
    """Return the rows of the first table after a heading, by their first cell."""
    lines = iter(PAGE.split(f"\n{heading}\n", 1)[1].splitlines())
    rows: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("|"):
            first, *others = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
            rows[first] = others
        elif rows:
            break
    return rows


def quantity(text: str) -> float:
    """Return the number that ``4 MiB`` or ``20,000`` stands for."""
    number, _, unit = text.replace(",", "").partition(" ")
    return float(number) * UNITS[unit]


def test_every_limit_is_listed_with_its_default() -> None:
    """Every limit is documented, with the default of the code."""
    listed = {
        name: quantity(cells[0]) for name, cells in table("## Limits").items() if "_" in name
    } | {"rooms": quantity(table("## Limits")["rooms"][0])}
    assert listed == {field.name: field.default for field in fields(Limits)}


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (protocol.SYNC, "sync"),
        (protocol.AWARENESS, "awareness"),
        (protocol.AUTH, "auth"),
        (protocol.QUERY_AWARENESS, "query awareness"),
        (protocol.OPERATION, "operation"),
        (protocol.ACK, "ack"),
        (protocol.REJECT, "reject"),
        (protocol.TOKEN, "token"),
    ],
)
def test_every_frame_is_listed(number: int, name: str) -> None:
    """The table has every frame type."""
    assert table("## Frames")[str(number)][0] == name


def test_every_ack_stage_is_listed() -> None:
    """The table has received, persisted and duplicate."""
    assert {n: cells[0] for n, cells in table("### Ack stages").items() if n.isdigit()} == {
        str(protocol.STAGE_RECEIVED): "received",
        str(protocol.STAGE_PERSISTED): "persisted",
        str(protocol.STAGE_DUPLICATE): "duplicate",
    }


def test_every_close_code_is_listed() -> None:
    """The table has every code that the server sends, and no other."""
    codes = {
        value
        for value in vars(close_codes).values()
        if isinstance(value, int) and value != close_codes.REASON_MAX_BYTES
    }
    listed = {int(code) for code in table("## Close codes") if code.isdigit()}
    assert listed == codes
