"""Colours of highlighted text: those of other programs become the nearest one that the page has."""

import re
from collections.abc import Mapping
from typing import Any, Final

from apps.crdt.content.schema_table import MARKS, is_of_type

_COLOUR: Final = MARKS["highlight"].attributes["color"]
#: The colour that has no name in a document.
YELLOW: Final = "yellow"
#: Colours by the end of their hues, in degrees.
_HUES: Final = (
    *((15, "red"), (42, "orange"), (70, YELLOW), (165, "green"), (255, "blue")),
    *((345, "purple"), (360, "red")),
)
#: Colours by the names that Word and browsers give them.
_NAMES: Final = {
    "aqua": "blue",
    "cyan": "blue",
    "fuchsia": "purple",
    "gold": YELLOW,
    "lime": "green",
    "magenta": "purple",
    "maroon": "red",
    "navy": "blue",
    "olive": YELLOW,
    "pink": "purple",
    "teal": "blue",
    **{name: name for _, name in _HUES},
}
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]{1,9}%?))?\)")

#: Least difference between the parts of a colour that is no grey.
_MIN_CHROMA: Final = 24


def highlight_named(attributes: Mapping[str, Any]) -> str | None:
    """Return the colour of a mark; None for yellow, and for what is no colour."""
    colour = attributes.get("color")
    if is_of_type(_COLOUR, colour):
        return str(colour) if colour else None
    found = nearest_highlight(colour) if isinstance(colour, str) else None
    return None if found == YELLOW else found


def highlight_tag(attributes: Mapping[str, Any]) -> str:
    """Return the tag of HTML that begins a highlighted text."""
    colour = attributes["color"]
    return f'<mark data-color="{colour}">' if colour else "<mark>"


def nearest_highlight(css: str) -> str | None:
    """Return the colour next to one of CSS; None for greys, and for what is not shown."""
    value = css.strip().lower()
    if value in _NAMES:
        return _NAMES[value]
    if found := _HEX.fullmatch(value):
        digits = found[1] if len(found[1]) > len("fff") else "".join(2 * one for one in found[1])
        parts = [int(digits[at : at + 2], 16) for at in (0, 2, 4)]
    elif (found := _RGB.fullmatch(value)) and (found[4] or "1").strip("0.%"):
        parts = [min(int(part), 255) for part in found.groups()[:3]]
    else:
        return None
    return _by_hue(*parts)


def _by_hue(red: int, green: int, blue: int) -> str | None:
    most = max(red, green, blue)
    chroma = most - min(red, green, blue)
    if chroma < _MIN_CHROMA:
        return None
    if most == red:
        hue = 60 * (green - blue) / chroma % 360
    elif most == green:
        hue = 60 * (blue - red) / chroma + 120
    else:
        hue = 60 * (red - green) / chroma + 240
    return next(name for end, name in _HUES if hue <= end)
