"""``docs/architecture.md`` lists all that there is of apps, frames and decisions."""

import re
from typing import Final

from tests.support.launcher import ROOT

DOCS: Final = ROOT / "docs"
PAGE: Final = (DOCS / "architecture.md").read_text("utf-8")


def first_cells(page: str, heading: str) -> set[str]:
    """Return the first cells of the rows of the table below a heading, without backticks."""
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n#", 1)[0]
    return set(re.findall(r"^\| `?([a-z0-9]+)`? \|", section, re.MULTILINE))


def test_every_app_is_listed() -> None:
    """With what it holds."""
    apps = {path.parent.name for path in ROOT.glob("apps/*/__init__.py")}
    assert first_cells(PAGE, "Layers") - {"app"} == apps


def test_every_frame_is_listed() -> None:
    """The same as in the protocol, which a test compares with the code."""
    protocol = (DOCS / "protocol.md").read_text("utf-8")
    frames = {cell for cell in first_cells(PAGE, "Frames") if cell.isdigit()}
    assert frames == {cell for cell in first_cells(protocol, "Frames") if cell.isdigit()}


def test_every_decision_is_listed() -> None:
    """By the name of its file."""
    assert {name.removeprefix("adr/") for name in re.findall(r"\((adr/[^)]+)\)", PAGE)} == {
        path.name for path in DOCS.glob("adr/*.md")
    }
