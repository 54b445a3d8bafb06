"""The page's ProseMirror schema, and the conversion of any tree to it.

The editor becomes read-only on unknown nodes, and y-prosemirror deletes them. So imported content
is converted to the page's own nodes, marks and attributes; its text is never lost.
Source: ``static/js/editor/editor.js``, ``schema()``, and Tiptap's extensions.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

from apps.crdt.content.bounds import MAX_LINK_CHARS
from apps.crdt.content.links import link_cleaned
from apps.crdt.content.prosemirror import Node
from apps.crdt.engine.text import MAX_DEPTH

#: Marks, the outermost first.
MARKS: Final = ("link", "bold", "italic", "strike", "code")
#: Lists, with their items.
LISTS: Final = {"bulletList": "listItem", "orderedList": "listItem", "taskList": "taskItem"}
HEADING_LEVELS: Final = (1, 2, 3)

_INLINE: Final = frozenset({"text", "hardBreak"})
_ITEMS: Final = frozenset(LISTS.values())
#: Blocks, with the number of levels that they need below their own.
_LEVELS: Final = {
    "paragraph": 0,
    "heading": 0,
    "codeBlock": 0,
    "horizontalRule": 0,
    "blockquote": 1,
    **dict.fromkeys(LISTS, 2),
    **dict.fromkeys(_ITEMS, 2),
}
_NUMBERINGS: Final = frozenset("1aAiI")
_MAX_START: Final = 999_999_999
_LANGUAGE = re.compile(r"[\w+#.-]{1,50}")
#: Invisible control characters, surrogates, and Unicode's noncharacters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
    + "]"
)
_LINE_ENDS = re.compile(r"\r\n?|\n")

_Json = dict[str, Any]
#: A text with its marks; None for the end of a line.
_InlinePart = tuple[str | None, list[_Json]]


def fit_to_schema(nodes: Iterable[Node]) -> list[_Json]:
    """Return the content of ``nodes`` as blocks of the page's schema.

    Nodes nested deeper than ``apps.crdt.engine.text.MAX_DEPTH`` become paragraphs.
    """
    return _blocks(nodes, 1)


def first_heading(blocks: Iterable[Node]) -> str:
    """Return the text of the first heading; empty if there is none."""
    headings = (_words(block) for block in blocks if block["type"] == "heading")
    return next(headings, "")


def _blocks(nodes: Iterable[Node], depth: int) -> list[_Json]:
    blocks: list[_Json] = []
    for is_inline, run in groupby(nodes, lambda node: node["type"] in _INLINE):
        if is_inline:
            blocks.append(_line_block("paragraph", run))
        else:
            for node in run:
                blocks += _block(node, depth)
    return blocks


def _block(node: Node, depth: int) -> list[_Json]:
    kind, content = node["type"], _content(node)
    if depth + _LEVELS.get(kind, 0) > MAX_DEPTH:
        return _flattened(node)
    if kind in ("paragraph", "heading"):
        return _textblock(node)
    if kind == "codeBlock":
        return [_code_block(node)]
    if kind == "horizontalRule":
        return [{"type": kind}]
    if kind == "blockquote":
        inside = _blocks(content, depth + 1) or [_line_block("paragraph", ())]
        return [{"type": kind, "content": inside}]
    if kind in LISTS:
        return _lists(node, depth)
    if kind in _ITEMS:
        around = "taskList" if kind == "taskItem" else "bulletList"
        return _lists({"type": around, "content": [node]}, depth)
    return _blocks(content, depth + 1)


def _textblock(node: Node) -> list[_Json]:
    """Return a paragraph or a heading; one with blocks inside becomes several paragraphs."""
    content = list(_unwrapped(_content(node)))
    if not all(child["type"] in _INLINE for child in content):
        return _flattened(node)
    if node["type"] == "paragraph":
        return [_line_block("paragraph", content)]
    level = _integer(_attributes(node).get("level"), 1)
    level = min(max(level, HEADING_LEVELS[0]), HEADING_LEVELS[-1])
    return [_line_block("heading", content, {"level": level})]


def _code_block(node: Node) -> _Json:
    block: _Json = {"type": "codeBlock"}
    language = _attributes(node).get("language")
    if isinstance(language, str) and _LANGUAGE.fullmatch(language):
        block["attrs"] = {"language": language}
    words = _UNWANTED.sub("", _LINE_ENDS.sub("\n", _words(node, line_end="\n")))
    if words:
        block["content"] = [{"type": "text", "text": words}]
    return block


def _lists(node: Node, depth: int) -> list[_Json]:
    """Return a list, split where its items change between tasks and others."""
    kind = node["type"]
    lists: list[_Json] = []
    number = min(max(_integer(_attributes(node).get("start"), 1), 0), _MAX_START)
    items = [child if child["type"] in _ITEMS else _item_around(child) for child in _content(node)]
    for is_task, run in groupby(
        items, lambda item: kind == "taskList" or item["type"] == "taskItem"
    ):
        own = [_item(item, depth + 1, is_task=is_task) for item in run]
        block: _Json = {"type": "taskList" if is_task else kind, "content": own}
        if block["type"] == "orderedList":
            block["attrs"] = _numbering(node, number)
        number += len(own)
        lists.append(block)
    return lists


def _item_around(node: Node) -> _Json:
    return {"type": "listItem", "content": [node]}


def _numbering(node: Node, start: int) -> _Json:
    numbering = _attributes(node).get("type")
    is_known = isinstance(numbering, str) and numbering in _NUMBERINGS
    return {"start": start, "type": numbering} if is_known else {"start": start}


def _item(node: Node, depth: int, *, is_task: bool) -> _Json:
    """Return a list item: a paragraph, then any blocks."""
    blocks = _blocks(_content(node), depth + 1)
    first = 0  # Markdown has no form for an empty heading, nor for an empty paragraph
    while len(blocks) > first + 1 and _is_empty_heading(blocks[first]):
        first += 1
    del blocks[:first]
    if blocks and blocks[0]["type"] == "heading":
        blocks[0] = _line_block("paragraph", blocks[0].get("content", ()))
    if not blocks or blocks[0]["type"] != "paragraph":
        blocks.insert(0, _line_block("paragraph", ()))
    if not is_task:
        return {"type": "listItem", "content": blocks}
    checked = _attributes(node).get("checked") is True
    return {"type": "taskItem", "attrs": {"checked": checked}, "content": blocks}


def _is_empty_heading(block: _Json) -> bool:
    return block["type"] == "heading" and "content" not in block


def _flattened(node: Node) -> list[_Json]:
    """Return the text of a node as paragraphs, however deep it nests."""
    blocks: list[_Json] = []
    line: list[Node] = []

    def end_line() -> None:
        if line:
            blocks.append(_line_block("paragraph", line))
            line.clear()

    stack: list[Node] = [node]
    while stack:
        current = stack.pop()
        if current["type"] in _INLINE:
            line.append(current)
        else:
            end_line()
            stack += reversed(_content(current))
    end_line()
    return blocks


# --- lines ---------------------------------------------------------------------------------------


def _line_block(kind: str, nodes: Iterable[Node], attrs: _Json | None = None) -> _Json:
    block: _Json = {"type": kind}
    if attrs:
        block["attrs"] = attrs
    content = list(_text_nodes(_inline_parts(nodes)))
    if content:
        block["content"] = content
    return block


def _inline_parts(nodes: Iterable[Node]) -> Iterator[_InlinePart]:
    for node in nodes:
        if node["type"] == "hardBreak":
            yield None, []
        elif words := _UNWANTED.sub("", _LINE_ENDS.sub(" ", node.get("text", ""))):
            yield words, _marks(node.get("marks", ()))


def _text_nodes(parts: Iterable[_InlinePart]) -> Iterator[_Json]:
    """Yield text nodes and hard breaks; adjacent texts with equal marks are joined."""
    for is_break, run in groupby(parts, lambda part: part[0] is None):
        if is_break:
            yield from ({"type": "hardBreak"} for _ in run)
            continue
        for marks, same in groupby(run, lambda part: part[1]):
            text: _Json = {"type": "text", "text": "".join(words or "" for words, _ in same)}
            yield text | {"marks": marks} if marks else text


def _marks(marks: Iterable[Mapping[str, Any]]) -> list[_Json]:
    """Return the marks of the page's schema, each once.

    In the schema, code excludes all other marks. Exception: a link replaces code, because a lost
    link loses more.
    """
    found: dict[str, _Json] = {}
    for mark in marks:
        kind = mark["type"]
        if kind == "link":
            attributes = _link(mark.get("attrs"))
            if attributes:
                found.setdefault(kind, {"type": kind, "attrs": attributes})
        elif kind in MARKS:
            found[kind] = {"type": kind, "attrs": {}}
    if "link" in found:
        found.pop("code", None)
    elif "code" in found:
        return [found["code"]]
    return [found[kind] for kind in MARKS if kind in found]


def _link(attributes: object) -> _Json | None:
    """Return a link's attributes, as the page writes them; None if its address is not allowed."""
    if not isinstance(attributes, Mapping):
        return None
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


def _unwrapped(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the nodes of a line; an unknown node is replaced by the text inside it."""
    for node in nodes:
        if node["type"] in _INLINE or node["type"] in _LEVELS:
            yield node
        else:
            yield from _leaves(node)


def _leaves(node: Node) -> Iterator[Node]:
    """Yield the texts and hard breaks inside a node, however deep it nests."""
    stack: list[Node] = [node]
    while stack:
        current = stack.pop()
        if current["type"] in _INLINE:
            yield current
        else:
            stack += reversed(_content(current))


def _words(node: Node, *, line_end: str = " ") -> str:
    return "".join(
        line_end if leaf["type"] == "hardBreak" else leaf.get("text", "") for leaf in _leaves(node)
    )


def _content(node: Node) -> Sequence[Node]:
    content: Sequence[Node] = node.get("content", ())
    return content


def _attributes(node: Node) -> Mapping[str, Any]:
    attributes = node.get("attrs")
    return attributes if isinstance(attributes, Mapping) else {}


def _integer(value: object, default: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    return int(value) if value == value and abs(value) < _MAX_START else default
