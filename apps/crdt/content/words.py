"""The words inside nodes: their texts and hard breaks, however deep they nest."""

from collections.abc import Iterable

from apps.crdt.content.attached import ATTACHED, attached_block, attached_link
from apps.crdt.content.mentions import MENTION, mention_text
from apps.crdt.content.names import BLOCKS, INLINE, ROW, content_of
from apps.crdt.content.prosemirror import Node
from apps.crdt.content.scripts import scripts_as_text
from apps.crdt.content.tables import row_line


def words_of(node: Node, *, line_end: str = " ") -> str:
    """Return the text inside a node; blocks and hard breaks inside it end a line."""
    lines: list[str] = []
    is_ended = False
    for leaf in scripts_as_text(Leaves(content_of(node))):
        if leaf is None:  # a block begins or ends
            is_ended = bool(lines) and not lines[-1].endswith(line_end)
            continue
        words = line_end if leaf["type"] == "hardBreak" else leaf.get("text", "")
        if is_ended and words:
            lines.append(line_end)
        is_ended = is_ended and not words
        lines.append(words)
    return "".join(lines)


class Leaves:
    """The texts and hard breaks inside nodes, however deep they nest; None where a block is."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._stack: list[Node | None] = []
        self._stack += [*nodes][::-1]

    def __iter__(self) -> "Leaves":
        return self

    def __next__(self) -> Node | None:
        while self._stack:
            node = self._stack.pop()
            if node is None or node["type"] in INLINE:
                return mention_text(node) if node and node["type"] == MENTION else node
            if node["type"] in ATTACHED:
                self._stack += [None, attached_link(attached_block(node))]
                return None
            is_block = node["type"] in BLOCKS
            if is_block:
                self._stack.append(None)
            if node["type"] == ROW:
                self._stack += row_line(content_of(node))[::-1]
            else:
                self._stack += content_of(node)[::-1]
            if is_block:
                return None
        raise StopIteration
