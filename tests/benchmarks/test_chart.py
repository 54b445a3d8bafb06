"""The chart and the figures in docs/performance.md, made from the results."""

import xml.etree.ElementTree as ElementTree

import pytest

from benchmarks.chart import BEGIN, DOCS, END, chart, filled
from benchmarks.results import Row

SVG = "{http://www.w3.org/2000/svg}"


def a_row(subject: str, services: str, value: float) -> Row:
    """Return a row of S2."""
    return Row("S2", "", subject, services, "updates_per_s", (value,))


def test_a_bar_is_as_long_as_its_value_beside_the_largest() -> None:
    """Half the updates, half the bar."""
    rows = [a_row("hocuspocus", "SQLite", 10_000), a_row("scriptorium", "embedded", 5_000)]
    panel = ElementTree.fromstring(chart(rows)).find(f"{SVG}g")  # noqa: S314 - our own text
    assert panel is not None
    ours, other = (float(bar.attrib["width"]) for bar in panel.findall(f"{SVG}rect"))
    assert ours * 2 == pytest.approx(other, abs=0.2)
    labels = [text.text for text in panel.findall(f"{SVG}text")]
    assert labels[1:] == ["scriptorium, embedded", "5,000", "hocuspocus", "10,000"]


def test_a_scenario_that_was_not_measured_has_no_panel() -> None:
    """Nothing is drawn of nothing."""
    assert ElementTree.fromstring(chart([])).findall(f"{SVG}g") == []  # noqa: S314 - our own text


def test_figures_take_the_place_of_the_old_ones_and_of_nothing_else() -> None:
    """The same again changes nothing."""
    text = f"before\n{BEGIN}\nold\n\n{END}after\n"
    assert filled(text, "new") == f"before\n{BEGIN}\nnew\n\n{END}after\n"
    assert filled(filled(text, "new"), "new") == filled(text, "new")


def test_a_document_without_the_marks_is_refused() -> None:
    """Nobody's text is overwritten."""
    with pytest.raises(ValueError, match="substring not found"):
        filled("no marks", "new")


def test_the_document_has_the_marks() -> None:
    """``python -m benchmarks.chart`` finds where to write."""
    text = (DOCS / "performance.md").read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
