"""The content of one line in the page's schema: texts with marks, and hard breaks.

Here stands what a line keeps of things that the page does not have: a separating control character
is a hard break, and an address that a link cannot have is text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

from apps.crdt.content.bounds import MAX_LINK_CHARS
from apps.crdt.content.highlights import highlight_named
from apps.crdt.content.links import link_as_text, link_cleaned
from apps.crdt.content.mentions import MENTION, mention_cleaned, mention_of_link
from apps.crdt.content.names import attributes_of, mark_name
from apps.crdt.content.prosemirror import Node

#: Marks, the outermost first.
MARKS: Final = (
    *("link", "highlight", "subscript", "superscript", "underline"),
    *("bold", "italic", "strike", "code"),
)
#: Control characters that end a line, as in the text files of other programs: vertical tab (Word's
#: line end), form feed, separators of files, groups and records, next line.
LINE_SEPARATORS: Final = "\x0b\x0c\x1c\x1d\x1e\x85"

#: Invisible control characters, surrogates, and Unicode's noncharacters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
    + "]"
)
_LINE_ENDS = re.compile(r"\r\n?|\n")
_SEPARATORS = re.compile(f"[{LINE_SEPARATORS}]")
#: A separator inside a line.
_UNIT_SEPARATOR: Final = "\x1f"
_Json = dict[str, Any]
#: A text with its marks; None for another node, which stands in their place, or a hard break.
_InlinePart = tuple[str | None, list[_Json]]


def line_content(nodes: Iterable[Node]) -> list[_Json]:
    """Return texts and hard breaks as the page has them."""
    return list(_text_nodes(_inline_parts(nodes)))


def code_cleaned(words: str) -> str:
    """Return the text of a code block, with line ends of one kind."""
    ended = _SEPARATORS.sub("\n", _LINE_ENDS.sub("\n", words))
    return _UNWANTED.sub("", ended.replace(_UNIT_SEPARATOR, " "))


def _inline_parts(nodes: Iterable[Node]) -> Iterator[_InlinePart]:
    was_leaf = False
    for addresses, run in groupby(nodes, _addresses_without_link):
        words: list[str] = []
        for node in run:
            if was_leaf and node.get("is_leaf"):
                yield " ", []
            was_leaf = bool(node.get("is_leaf"))
            words.append(node.get("text", ""))
            yield from _parts(node)
        said = "".join(words)
        yield from ((f" ({one})", []) for one in addresses if _UNWANTED.sub("", one) not in said)


def _parts(node: Node) -> Iterator[_InlinePart]:
    """Yield the lines of one text, with hard breaks between them."""
    if node["type"] == "hardBreak":
        yield None, []
        return
    if node["type"] == MENTION:
        yield None, [mention_cleaned(node)]
        return
    text = _LINE_ENDS.sub(" ", node.get("text", "")).replace(_UNIT_SEPARATOR, " ")
    for number, line in enumerate(_SEPARATORS.split(text)):
        if number:
            yield None, []
        if words := _UNWANTED.sub("", line):
            yield words, _marks(node.get("marks", ()))


def _text_nodes(parts: Iterable[_InlinePart]) -> Iterator[_Json]:
    """Yield the nodes of a line; adjacent texts with equal marks are joined."""
    for is_other, run in groupby(parts, lambda part: part[0] is None):
        if is_other:
            yield from (node[0] if node else {"type": "hardBreak"} for _, node in run)
            continue
        for marks, same in groupby(run, lambda part: part[1]):
            text: _Json = {"type": "text", "text": "".join(words or "" for words, _ in same)}
            yield _mention_in(text, marks) or (text | {"marks": marks} if marks else text)


def _mention_in(text: _Json, marks: list[_Json]) -> _Json | None:
    is_link = bool(marks) and marks[0]["type"] == "link"
    return mention_of_link(text["text"], marks[0]["attrs"]["href"]) if is_link else None


# --- marks ---------------------------------------------------------------------------------------


def _marks(marks: Iterable[Mapping[str, Any]]) -> list[_Json]:
    """Return the marks of the page's schema, each once.

    In the schema, code excludes all other marks. Exception: a link replaces code, because a lost
    link loses more.
    """
    found: dict[str, _Json] = {}
    for mark in marks:
        kind = mark_name(mark)
        if kind == "link":
            attributes = _link(mark)
            if attributes:
                found.setdefault(kind, {"type": kind, "attrs": attributes})
        elif kind == "highlight":
            found[kind] = {"type": kind, "attrs": {"color": highlight_named(attributes_of(mark))}}
        elif kind in MARKS:
            found[kind] = {"type": kind, "attrs": {}}
    if "link" in found:
        found.pop("code", None)
    elif "code" in found:
        return [found["code"]]
    return [found[kind] for kind in MARKS if kind in found]


def _addresses_without_link(node: Node) -> tuple[str, ...]:
    """Return the addresses of a text that no link of the page carries, as text.

    A text has one link, the outermost. Addresses of other schemes, and addresses that are too
    long, are no link.
    """
    marks = [mark for mark in node.get("marks", ()) if mark["type"] == "link"]
    if not marks:
        return ()
    addresses = [attributes_of(mark).get("href") for mark in marks]
    linked = [attributes for mark in marks if (attributes := _link(mark))]
    carried = linked[0]["href"] if linked else None
    found = dict.fromkeys(map(link_as_text, addresses))
    return tuple(one for one in found if one and _UNWANTED.sub("", one) != carried)


def _link(mark: Mapping[str, Any]) -> _Json | None:
    """Return a link's attributes, as the page writes them; None if its address is not allowed."""
    attributes = attributes_of(mark)
    href, title = attributes.get("href"), attributes.get("title")
    if not isinstance(href, str) or len(href) > MAX_LINK_CHARS:
        return None
    is_titled = isinstance(title, str) and 0 < len(title) <= MAX_LINK_CHARS
    return _link_attributes(href, title if is_titled else None)


@lru_cache(maxsize=64)  # All texts under one link have the same address.
def _link_attributes(href: str, title: str | None) -> _Json | None:
    address = link_cleaned(href)
    if address is None:
        return None
    return {
        "href": _UNWANTED.sub("", address),
        "target": "_blank",
        "rel": "noopener noreferrer nofollow",
        "class": None,
        "title": _UNWANTED.sub("", title) if title else None,
    }
