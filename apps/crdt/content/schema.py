"""The page's ProseMirror schema, and the conversion of any tree to it.

The editor becomes read-only on unknown nodes, and y-prosemirror deletes them. So imported content
is converted to the page's own nodes, marks and attributes; its text is never lost.
Source: ``static/js/editor/editor.js``, ``schema()``, and Tiptap's extensions.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from apps.crdt.content.attached import ATTACHED, attached_block, file_of_line
from apps.crdt.content.callouts import CALLOUT, callout_kind
from apps.crdt.content.lines import code_cleaned, line_content
from apps.crdt.content.names import (
    BLOCKS,
    DETAILS,
    DETAILS_CONTENT,
    INLINE,
    ROW,
    SUMMARY,
    TABLE,
    attributes_of,
    content_of,
    nodes_named,
)
from apps.crdt.content.prosemirror import Node
from apps.crdt.content.schema_table import NODES, is_of_type
from apps.crdt.content.tables import cell_line, row_line, table_grid, table_parts, table_rows
from apps.crdt.content.words import Leaves, words_of

#: Levels of elements: what nests deeper becomes paragraphs. Against a hostile text or document,
#: and for everybody else far below what is read on a page.
MAX_DEPTH: Final = 64
#: Lists, with their items.
LISTS: Final = {"bulletList": "listItem", "orderedList": "listItem", "taskList": "taskItem"}
HEADING_LEVELS: Final = (1, 2, 3, 4, 5, 6)

_LEAVES: Final = ATTACHED | {"horizontalRule"}
_ITEMS: Final = frozenset(LISTS.values())
#: Levels that blocks need below their own; others need none.
_LEVELS: Final = {
    "blockquote": 1,
    CALLOUT: 1,
    DETAILS: 2,
    **dict.fromkeys((*LISTS, *_ITEMS), 2),
    TABLE: 3,
}
#: Lines of one heading. Against a heading that is not closed.
_MAX_HEADING_LINES: Final = 4
_NUMBERINGS: Final = frozenset("1aAiI")
_MAX_START: Final = 999_999_999
_LANGUAGE = re.compile(r"[\w+#.-]{1,50}")
_Json = dict[str, Any]


def fit_to_schema(nodes: Iterable[Node]) -> list[_Json]:
    """Return the content of ``nodes`` as blocks of the page's schema.

    Nodes nested deeper than ``MAX_DEPTH`` become paragraphs.
    """
    return _blocks(nodes_named(nodes), 1)


def title_heading(title: str) -> list[_Json]:
    """Return a title as the heading that an export begins with."""
    content = [{"type": "text", "text": title}]
    return fit_to_schema([{"type": "heading", "content": content}]) if title else []


def flattened_below(nodes: Iterable[Node], depth: int) -> list[_Json]:
    """Return nodes unchanged down to a depth; deeper ones become paragraphs with all text."""
    found: list[_Json] = []
    for node in nodes:
        if not node.get("content"):
            found.append(dict(node))
        elif depth > 1:
            found.append({**node, "content": flattened_below(node["content"], depth - 1)})
        else:
            found += _flattened(node)
    return found


def _blocks(nodes: Iterable[Node], depth: int) -> list[_Json]:
    blocks: list[_Json] = []
    for is_inline, run in groupby(nodes, lambda node: node["type"] in INLINE):
        if is_inline:
            blocks += _paragraphs(list(run))
        else:
            for node in run:
                blocks += _block(node, depth)
    return blocks


def _paragraphs(nodes: Sequence[Node]) -> list[_Json]:
    """Return texts between blocks as a paragraph.

    Line ends alone are empty paragraphs, and leaves alone (images) have a paragraph each.
    """
    if all(node["type"] == "hardBreak" for node in nodes):
        return [_line_block("paragraph", ()) for _ in nodes]
    if all(node.get("is_leaf") for node in nodes):
        return [_line_block("paragraph", (node,)) for node in nodes]
    return [_line_block("paragraph", nodes)]


def _block(node: Node, depth: int) -> list[_Json]:
    kind = node["type"]
    if kind in _LEAVES:
        return [attached_block(node) if kind in ATTACHED else {"type": kind}]
    if depth + _LEVELS.get(kind, 0) > MAX_DEPTH:
        return _flattened(node)
    return _MAKERS.get(kind, _transparent)(node, depth)


def _transparent(node: Node, depth: int) -> list[_Json]:
    return _blocks(content_of(node), depth + 1)


def _quote(node: Node, depth: int) -> list[_Json]:
    return [{"type": node["type"], "content": _inside(content_of(node), depth)}]


def _callout(node: Node, depth: int) -> list[_Json]:
    kind = callout_kind(attributes_of(node).get("kind"))
    return [block | {"attrs": {"kind": kind}} for block in _quote(node, depth)]


def _item_alone(node: Node, depth: int) -> list[_Json]:
    around = "taskList" if node["type"] == "taskItem" else "bulletList"
    return _lists({"type": around, "content": [node]}, depth)


def _inside(content: Iterable[Node], depth: int) -> list[_Json]:
    return _blocks(content, depth + 1) or [_line_block("paragraph", ())]


def _details(node: Node, depth: int) -> list[_Json]:
    """Return a part to unfold: its first summary as a line, then all other blocks."""
    others = content_of(node)
    first = next((at for at, node in enumerate(others) if node["type"] == SUMMARY), None)
    lines = [] if first is None else _flattened(others.pop(first))
    parts = [part for line in lines for part in ({"type": "hardBreak"}, *line.get("content", ()))]
    body = {"type": DETAILS_CONTENT, "content": _inside(others, depth + 1)}
    return [{"type": DETAILS, "content": [_line_block(SUMMARY, parts[1:]), body]}]


def _table(node: Node, depth: int) -> list[_Json]:
    """Return a table behind what is in it beside rows, or lines where it is too large."""
    others, rows = table_parts(node)
    grid = table_grid(rows)
    if grid is None:
        rows_filled = table_rows(content_of(node))
        return [block for row in rows_filled for block in _block(row, depth + 1)]
    blocks = [block for other in others for block in _block(other, depth)]
    if rows:
        table = {"type": TABLE, "content": [_table_row(row, depth) for row in grid]}
        blocks.append(table)
    return blocks


def _table_row(cells: Sequence[Node], depth: int) -> _Json:
    row: _Json = {"type": ROW}
    if cells:
        row["content"] = [_cell(cell, depth) for cell in cells]
    return row


def _cell(node: Node, depth: int) -> _Json:
    blocks = _blocks(content_of(node), depth + 3) or [_line_block("paragraph", ())]
    attributes = {"attrs": node["attrs"]} if node["attrs"] else {}
    return {"type": node["type"], **attributes, "content": blocks}


def _row(node: Node, depth: int) -> list[_Json]:
    """Return a row of a table: one line, or the blocks of its cells where they are no lines."""
    cells = content_of(node)
    if len(cells) == 1 or any(cell_line(cell) is None for cell in cells):
        return [block for cell in cells for block in _blocks([cell], depth)]
    line = row_line(cells)
    return [_line_block("paragraph", line)] if line else []


def _textblock(node: Node, depth: int) -> list[_Json]:
    """Return a paragraph or heading. Blocks in a paragraph stay; in a heading they are lines."""
    content = content_of(node)
    inside = list(_unwrapped(content))
    if node["type"] != "heading":
        if all(child["type"] in INLINE for child in inside):
            file = file_of_line(inside)
            return [file] if file else [_line_block("paragraph", inside, _alignment(node))]
        return _blocks(content, depth + 1)
    if not all(child["type"] in INLINE for child in inside):
        return _heading_of_blocks(_blocks(content, depth + 1), _level(node))
    return [_line_block("heading", inside, _level(node))]


def _heading_of_blocks(blocks: list[_Json], level: _Json) -> list[_Json]:
    """Return the lines of a heading as one; if it has other blocks, its first line is it."""
    lines = [block for block in blocks if block.get("content") or block["type"] in ATTACHED]
    if len(lines) > _MAX_HEADING_LINES or any(block["type"] != "paragraph" for block in lines):
        is_line = blocks[0]["type"] == "paragraph"
        return [blocks[0] | {"type": "heading", "attrs": level}, *blocks[1:]] if is_line else blocks
    parts = [part for line in lines for part in ({"type": "hardBreak"}, *line["content"])]
    return [_line_block("heading", parts[1:], level)]


def _level(node: Node) -> _Json:
    level = _integer(attributes_of(node).get("level"), 1)
    return {"level": min(max(level, HEADING_LEVELS[0]), HEADING_LEVELS[-1]), **_alignment(node)}


def _alignment(node: Node) -> _Json:
    """Return how the lines of a paragraph or heading stand; of Tiptap, or of BlockNote."""
    attributes = attributes_of(node)
    align = attributes.get("textAlign", attributes.get("textAlignment"))
    is_known = align is not None and is_of_type(NODES["paragraph"].attributes["textAlign"], align)
    return {"textAlign": align} if is_known else {}


def _code_block(node: Node, _depth: int) -> list[_Json]:
    block: _Json = {"type": "codeBlock"}
    attributes = attributes_of(node)
    language = attributes.get("language") or attributes.get("params")
    if isinstance(language, str) and _LANGUAGE.fullmatch(language):
        block["attrs"] = {"language": language}
    words = code_cleaned(words_of(node, line_end="\n"))
    if words:
        block["content"] = [{"type": "text", "text": words}]
    return [block]


def _lists(node: Node, depth: int) -> list[_Json]:
    """Return a list, split where its items change between tasks and others, or their number."""
    kind, content = node["type"], content_of(node)
    if content and all(child["type"] in LISTS for child in content):
        return _blocks(content, depth + 1)
    attributes = attributes_of(node)
    first = _integer(attributes.get("start", attributes.get("order")), 1)
    number = min(max(first, 0), _MAX_START)
    lists: list[_Json] = []
    for item in _items(content):
        is_task = kind == "taskList" or item["type"] == "taskItem"
        own = "taskList" if is_task else kind
        value = _integer(attributes_of(item).get("value"), number)
        if not lists or lists[-1]["type"] != own or (own == "orderedList" and value != number):
            lists.append({"type": own, "content": []})
            number = min(max(value, 0), _MAX_START)
            if own == "orderedList":
                lists[-1]["attrs"] = _numbering(node, number)
        lists[-1]["content"].append(_item(item, depth + 1, is_task=is_task))
        number += 1
    return lists


def _items(content: Iterable[Node]) -> list[Node]:
    """Return the items of a list. A list directly inside belongs to the item before it."""
    items: list[Node] = []
    children = deque(content)
    while children:
        child = children.popleft()
        if child["type"] in _ITEMS:
            items.append({**child, "content": list(child.get("content", ()))})
        elif child["type"] in LISTS and items:
            items[-1]["content"].append(child)
        elif child["type"] in LISTS:
            children.extendleft(reversed(content_of(child)))
        else:
            items.append({"type": "listItem", "content": [child]})
    return items


def _numbering(node: Node, start: int) -> _Json:
    numbering = attributes_of(node).get("type")
    is_known = isinstance(numbering, str) and numbering in _NUMBERINGS
    return {"start": start, "type": numbering} if is_known else {"start": start}


def _item(node: Node, depth: int, *, is_task: bool) -> _Json:
    """Return a list item: a paragraph, then any blocks."""
    blocks = _blocks(content_of(node), depth + 1)
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
    attributes = attributes_of(node)
    checked = attributes.get("checked") is True or attributes.get("state") == "DONE"
    return {"type": "taskItem", "attrs": {"checked": checked}, "content": blocks}


def _is_empty_heading(block: _Json) -> bool:
    return block["type"] == "heading" and "content" not in block


def _flattened(node: Node) -> list[_Json]:
    """Return the text of a node as paragraphs, however deep it nests."""
    blocks: list[_Json] = []
    for is_end, run in groupby(Leaves(nodes_named([node])), lambda leaf: leaf is None):
        if not is_end:
            blocks.append(_line_block("paragraph", (leaf for leaf in run if leaf)))
    return blocks


def _line_block(kind: str, nodes: Iterable[Node], attrs: _Json | None = None) -> _Json:
    block: _Json = {"type": kind}
    if attrs:
        block["attrs"] = attrs
    content = line_content(nodes)
    if content:
        block["content"] = content
    return block


def _unwrapped(nodes: Iterable[Node]) -> Iterable[Node]:
    """Yield the nodes of a line; an unknown node is replaced by the text inside it."""
    for node in nodes:
        if node["type"] in INLINE or node["type"] in BLOCKS:
            yield node
        else:
            yield from (leaf for leaf in Leaves([node]) if leaf)


def _integer(value: object, default: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    return int(value) if value == value and abs(value) < _MAX_START else default


#: Makers of blocks; any other node is transparent.
_MAKERS: Final[dict[str, Callable[[Node, int], list[_Json]]]] = {
    "blockquote": _quote,
    CALLOUT: _callout,
    "codeBlock": _code_block,
    DETAILS: _details,
    "heading": _textblock,
    "paragraph": _textblock,
    SUMMARY: _textblock,
    TABLE: _table,
    ROW: _row,
    **dict.fromkeys(LISTS, _lists),
    **dict.fromkeys(_ITEMS, _item_alone),
}
