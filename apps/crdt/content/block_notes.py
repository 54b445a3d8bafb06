"""Lists of BlockNote: each item is a block of its own, with the blocks below it beside its line."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from apps.crdt.content.prosemirror import Node

#: Lines of items, with the page's list and its item.
_LINES: Final = {
    "bulletListItem": ("bulletList", "listItem"),
    "checkListItem": ("taskList", "taskItem"),
    "numberedListItem": ("orderedList", "listItem"),
    "toggleListItem": ("bulletList", "listItem"),
}
_CONTAINER: Final = "blockContainer"

_Json = dict[str, Any]


def items_in_lists(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield nodes, with a list in place of adjacent items of one kind."""
    for kind, run in groupby(nodes, _list_kind):
        if not kind:
            yield from run
            continue
        lines = [_line_and_blocks(node) for node in run]
        first = lines[0][0].get("attrs")
        yield {
            "type": kind,
            "attrs": first if isinstance(first, dict) else {},
            "content": [_item(line, blocks) for line, blocks in lines],
        }


def _list_kind(node: Node) -> str:
    """Return the page's list of an item; empty if the node is none."""
    line, _ = _line_and_blocks(node)
    return _LINES.get(line["type"], ("", ""))[0]


def _line_and_blocks(node: Node) -> tuple[Node, list[Node]]:
    """Return the line of a block, and the blocks below it."""
    content = node.get("content")
    if node["type"] != _CONTAINER or not content:
        return node, []
    return content[0], content[1:]


def _item(line: Node, blocks: list[Node]) -> _Json:
    paragraph = {"type": "paragraph", "content": line.get("content", [])}
    item = {"type": _LINES[line["type"]][1], "content": [paragraph, *blocks]}
    return item | ({"attrs": line["attrs"]} if "attrs" in line else {})
