"""Lists of Word, which are paragraphs with a level in their style, and their number as text."""

import re
from collections.abc import Iterable
from typing import Any, Final

#: Levels of lists in Word.
_MAX_LEVEL: Final = 9
_LEVEL = re.compile(r"mso-list:[^;]{0,60}\blevel([0-9])", re.IGNORECASE)
_MARKER = re.compile(r"mso-list:\s*ignore", re.IGNORECASE)
#: The number of an item: digits or letters. An ``o`` is a bullet.
_NUMBER = re.compile(r"\(?(?:(\d{1,9})|\w{1,9})[.)]?")

_Json = dict[str, Any]


def list_level(style: str) -> int:
    """Return the level of a paragraph in a list; 0 if it is in none."""
    found = _LEVEL.search(style)
    return min(int(found[1]), _MAX_LEVEL) if found else 0


def is_marker(style: str) -> bool:
    """Return whether a text is the number or bullet of its paragraph."""
    return bool(_MARKER.search(style))


def lists_nested(nodes: Iterable[_Json]) -> list[_Json]:
    """Return nodes with lists in place of adjacent paragraphs that have a ``list_level``."""
    found: list[_Json] = []
    lists: list[_Json] = []  # the open ones, the outermost first
    for node in nodes:
        level = node.pop("list_level", 0)
        if not level:
            lists = []
            found.append(node)
            continue
        number = _NUMBER.fullmatch(node.pop("list_marker", "").strip())
        is_number = number is not None and number[0] != "o"
        kind = "orderedList" if is_number else "bulletList"
        del lists[level:]
        if len(lists) == level and lists[-1]["type"] != kind:
            lists.pop()
        while len(lists) < level:
            own: _Json = {"type": kind, "content": []}
            _place(lists, found).append(own)
            lists.append(own)
        value = {"value": int(number[1])} if number and number[1] else {}
        lists[-1]["content"].append({"type": "listItem", "attrs": value, "content": [node]})
    return found


def _place(lists: list[_Json], found: list[_Json]) -> list[_Json]:
    """Return where a list inside the open ones belongs: in the last item."""
    if not lists:
        return found
    items: list[_Json] = lists[-1]["content"]
    content: list[_Json] = items[-1]["content"] if items else items
    return content
