"""The charts and the figures in docs/performance.md and its parts, made from the results."""

import xml.etree.ElementTree as ElementTree

import pytest

from benchmarks.chart import DOCS, MARK, chart, filled
from benchmarks.flame import titled
from benchmarks.generating import MeasurementError
from benchmarks.growth import MARK as GROWTH
from benchmarks.growth import SCENARIOS
from benchmarks.growth import table as growth_table
from benchmarks.growth_chart import chart as growth_chart
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
    """The same again changes nothing; other commands' figures stay."""
    other = "<!-- figures of make bench-growth: begin -->\n"
    begin, end = "<!-- figures of make bench: begin -->\n", "<!-- figures of make bench: end -->\n"
    text = f"before\n{begin}\nold\n\n{end}after\n{other}"
    once = filled(text, "new", mark=MARK)
    assert once == f"before\n{begin}\nnew\n\n{end}after\n{other}"
    assert filled(once, "new", mark=MARK) == once


def test_a_document_without_the_marks_is_refused() -> None:
    """Nobody's text is overwritten."""
    with pytest.raises(ValueError, match="substring not found"):
        filled("no marks", "new", mark=MARK)


def test_the_documents_have_the_marks() -> None:
    """Both commands find where to write."""
    for name, mark in (("performance.md", MARK), ("performance-parts.md", GROWTH)):
        text = (DOCS / name).read_text(encoding="utf-8")
        assert filled(text, "new", mark=mark) != text


# --- how cost grows ---


def growing(metric: str, *costs: float) -> list[Row]:
    """Return rows of one, ten, a hundred … readers."""
    return [
        Row("G1", f"{10**power} readers", "scriptorium", "embedded", metric, (cost,))
        for power, cost in enumerate(costs)
    ]


def test_ten_times_as_much_is_a_step_across_and_the_most_is_at_the_top() -> None:
    """Amounts by their logarithm, costs from nothing."""
    svg = ElementTree.fromstring(  # noqa: S314 - our own text
        growth_chart(growing("latency_p50_ms", 0, 5, 10), SCENARIOS)
    )
    plots = svg.findall(f"{SVG}g")
    assert len(plots) == 3
    [line] = [path for path in plots[0].findall(f"{SVG}path") if "stroke-width" in path.attrib]
    places = [tuple(map(float, at.split())) for at in line.attrib["d"][1:].split("L")]
    (x0, y0), (x1, y1), (x2, y2) = places
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert y0 > y2
    words = [text.text for text in plots[0].findall(f"{SVG}text")]
    assert words == ["latency, ms", "0", "5", "10", "1", "10", "100", "readers", "p50"]


def test_what_was_not_measured_has_neither_plot_nor_column() -> None:
    """A row of plots for each scenario, a column for each metric that is there."""
    assert ElementTree.fromstring(growth_chart([], SCENARIOS)).findall(f"{SVG}g") == []  # noqa: S314
    rows = growing("cpu_s", 1, 2)
    assert growth_table(rows, "readers").splitlines() == [
        "| readers | cpu_s |",
        "| --- | --- |",
        "| 1 readers | 1 |",
        "| 10 readers | 2 |",
    ]


# --- flame graphs ---


def test_flame_graph_gets_a_title_without_anybody_s_paths() -> None:
    """py-spy writes its whole command there; a picture of another form is refused."""
    svg = '<text id="title" x="1">/a/b/py-spy record</text> var truncate_text_right = false;'
    assert titled(svg, "S2") == '<text id="title" x="1">S2</text> var truncate_text_right = true;'
    with pytest.raises(MeasurementError):
        titled("<svg/>", "S2")
