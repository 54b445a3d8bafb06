"""Colours of other programs as those of a highlight."""

import pytest

from apps.crdt.content.highlights import highlight_named, highlight_tag, nearest_highlight

#: The same cases as in ``tests/editor/looks.test.mjs``.
COLOURS = {
    "#ffff00": "yellow",
    "#ff0": "yellow",
    "#ffc078": "orange",
    "#fbf3db": "yellow",
    "lime": "green",
    "red": "red",
    "#cfe2f3": "blue",
    "rgb(234, 209, 220)": "purple",
    "rgba(255,0,255,0.4)": "purple",
    "rgba(255,0,0,0)": None,
    "rgba(255,0,0,.0)": None,
    "transparent": None,
    "#f8f9fa": None,
    "white": None,
    "#ffff": None,
    "url(x)": None,
}


@pytest.mark.parametrize("css", COLOURS)
def test_colour_of_css_becomes_the_nearest_one(css: str) -> None:
    """Greys and colours that are not shown become none."""
    assert nearest_highlight(css) == COLOURS[css]


def test_colour_of_a_mark_is_one_of_the_page() -> None:
    """Yellow has no name."""
    assert highlight_named({"color": "green"}) == "green"
    assert highlight_named({"color": "#ffc078"}) == "orange"
    none: tuple[object, ...] = (None, "yellow", "evil", 7, [])
    assert {highlight_named({"color": colour}) for colour in none} == {None}
    assert highlight_tag({"color": None}) == "<mark>"
    assert highlight_tag({"color": "red"}) == '<mark data-color="red">'
