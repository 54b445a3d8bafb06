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


def test_bar_length_is_proportional_to_its_value() -> None:
    """Half the updates, half the bar."""
    rows = [a_row("hocuspocus", "SQLite", 10_000), a_row("scriptorium", "embedded", 5_000)]
    panel = ElementTree.fromstring(chart(rows)).find(f"{SVG}g")  # noqa: S314 - our own text
    assert panel is not None
    ours, other = (float(bar.attrib["width"]) for bar in panel.findall(f"{SVG}rect"))
    assert ours * 2 == pytest.approx(other, abs=0.2)
    labels = [text.text for text in panel.findall(f"{SVG}text")]
    assert labels[1:] == ["scriptorium, embedded", "5,000", "hocuspocus", "10,000"]


def test_scenario_without_results_has_no_panel() -> None:
    """The chart is empty."""
    assert ElementTree.fromstring(chart([])).findall(f"{SVG}g") == []  # noqa: S314 - our own text


def test_filled_replaces_only_the_figures_between_its_marks() -> None:
    """It is idempotent; the figures of other commands stay."""
    other = "<!-- figures of make bench-growth: begin -->\n"
    begin, end = "<!-- figures of make bench: begin -->\n", "<!-- figures of make bench: end -->\n"
    text = f"before\n{begin}\nold\n\n{end}after\n{other}"
    once = filled(text, "new", mark=MARK)
    assert once == f"before\n{begin}\nnew\n\n{end}after\n{other}"
    assert filled(once, "new", mark=MARK) == once


def test_filled_without_marks_is_refused() -> None:
    """So no text is overwritten."""
    with pytest.raises(ValueError, match="substring not found"):
        filled("no marks", "new", mark=MARK)


def test_documents_have_the_marks_of_both_commands() -> None:
    """In docs/performance.md and docs/performance-parts.md."""
    for name, mark in (("performance.md", MARK), ("performance-parts.md", GROWTH)):
        text = (DOCS / name).read_text(encoding="utf-8")
        assert filled(text, "new", mark=mark) != text


# --- how cost grows ---


def growing(metric: str, *costs: float) -> list[Row]:
    """Return rows for one, ten, a hundred … readers."""
    return [
        Row("G1", f"{10**power} readers", "scriptorium", "embedded", metric, (cost,))
        for power, cost in enumerate(costs)
    ]


def test_growth_plot_has_a_logarithmic_and_a_linear_axis() -> None:
    """Amounts on the logarithmic one, costs on the linear one from 0."""
    svg = ElementTree.fromstring(  # noqa: S314 - our own text
        growth_chart(growing("latency_p50_ms", 0, 5, 10), SCENARIOS)
    )
    plots = svg.findall(f"{SVG}g")
    assert len(plots) == 3
    [line] = [path for path in plots[0].findall(f"{SVG}path") if "stroke-width" in path.attrib]
    points = [tuple(map(float, at.split())) for at in line.attrib["d"][1:].split("L")]
    (x0, y0), (x1, y1), (x2, y2) = points
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert y0 > y2
    words = [text.text for text in plots[0].findall(f"{SVG}text")]
    assert words == ["latency, ms", "0", "5", "10", "1", "10", "100", "readers", "p50"]


def test_growth_without_results_has_no_plot_and_no_column() -> None:
    """Only scenarios and metrics with results are shown."""
    assert ElementTree.fromstring(growth_chart([], SCENARIOS)).findall(f"{SVG}g") == []  # noqa: S314
    rows = growing("cpu_s", 1, 2)
    assert growth_table(rows, "readers").splitlines() == [
        "| readers | cpu_s |",
        "| --- | --- |",
        "| 1 readers | 1 |",
        "| 10 readers | 2 |",
    ]


# --- flame graphs ---


def test_flame_graph_title_has_no_local_paths() -> None:
    """py-spy writes its whole command there; an image without a title is refused."""
    svg = '<text id="title" x="1">/a/b/py-spy record</text> var truncate_text_right = false;'
    assert titled(svg, "S2") == '<text id="title" x="1">S2</text> var truncate_text_right = true;'
    with pytest.raises(MeasurementError):
        titled("<svg/>", "S2")
