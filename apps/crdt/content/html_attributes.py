"""Attributes of HTML as those of the page's nodes, and styles as marks."""

import re
from typing import Any, Final

from apps.crdt.content.callouts import TITLE_CLASS, callout_in_html
from apps.crdt.content.highlights import nearest_highlight

#: Looks that a style gives to a text, as office programs write them.
_STYLES: Final = {
    "bold": re.compile(r"font-weight:\s*(?:bold|[6-9]00)", re.IGNORECASE),
    "italic": re.compile(r"font-style:\s*(?:italic|oblique)", re.IGNORECASE),
    "strike": re.compile(r"text-decoration[a-z-]*:[^;]{0,60}line-through", re.IGNORECASE),
    "subscript": re.compile(r"vertical-align:\s*sub", re.IGNORECASE),
    "superscript": re.compile(r"vertical-align:\s*super", re.IGNORECASE),
    "underline": re.compile(r"text-decoration[a-z-]*:[^;]{0,60}underline", re.IGNORECASE),
}
#: The colour behind a text.
_BACKGROUND = re.compile(
    r"(?:^|[;\s])(?:background(?:-color)?|mso-highlight):([^;]{1,60})", re.IGNORECASE
)
_HEADING = re.compile("h[1-6]")
_LANGUAGE = re.compile(r"(?:^|\s)lang(?:uage)?-(\S+)")
_TEXT_ALIGN = re.compile(r"text-align:\s*([a-z]+)", re.IGNORECASE)
_INTEGER = re.compile(r"\s*(-?[0-9]{1,9})")

_Json = dict[str, Any]


def marks_of_style(style: str) -> list[_Json]:
    """Return the marks that a text has by its style."""
    marks: list[_Json] = [{"type": mark} for mark, look in _STYLES.items() if look.search(style)]
    found = _BACKGROUND.search(style)
    colour = nearest_highlight(found[1]) if found else None
    return [*marks, _highlight(colour)] if colour else marks


def highlight_of(found: dict[str, str]) -> _Json:
    """Return the mark of a tag ``mark``."""
    style = _BACKGROUND.search(found.get("style", ""))
    return _highlight(found.get("data-color") or (style[1] if style else None))


def _highlight(colour: str | None) -> _Json:
    return {"type": "highlight", "attrs": {"color": colour}}


def block_attributes(tag: str, found: dict[str, str]) -> _Json:
    """Return the attributes of a block, by its tag."""
    if _HEADING.fullmatch(tag):
        return {"level": int(tag[1]), "textAlign": _alignment(found)}
    if tag == "p":
        is_title = {"is_title": True} if TITLE_CLASS in found.get("class", "") else {}
        return {"textAlign": _alignment(found)} | is_title
    if tag == "ol":
        start = integers_of(found, "start")
        is_reversed = {"reversed": True} if "reversed" in found else {"start": 1}
        return is_reversed | start | {"type": found.get("type")}
    if tag == "pre":
        named = _LANGUAGE.search(found.get("class", ""))
        return {"language": named[1]} if named else {}
    if tag in ("td", "th"):
        return integers_of(found, "colspan", "rowspan") | _cell_looks(found)
    if kind := callout_in_html(tag, found):
        return {"kind": kind}
    if tag == "li" and "data-checked" in found:
        return {"checked": found["data-checked"] == "true"}
    return integers_of(found, "value") if tag == "li" else {}


def _alignment(found: dict[str, str]) -> str:
    style = _TEXT_ALIGN.search(found.get("style", ""))
    return (style[1] if style else found.get("align", "")).strip().lower()


def _cell_looks(found: dict[str, str]) -> _Json:
    """Return the alignment and the widths of a cell."""
    looks: _Json = {"align": _alignment(found)}
    widths = found.get("colwidth", "").split(",")
    if all(width.isascii() and width.isdigit() for width in widths):
        looks["colwidth"] = [int(width) for width in widths if len(width) <= len("9999")]
    return looks


def integers_of(found: dict[str, str], *names: str) -> _Json:
    """Return those attributes that are whole numbers."""
    numbers = {name: _INTEGER.match(found.get(name, "")) for name in names}
    return {name: int(number[1]) for name, number in numbers.items() if number}
