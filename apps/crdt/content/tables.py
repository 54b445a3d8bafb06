"""Tables, which the page does not have: a row is a line whose cells are apart, each in its column.

An empty cell keeps its place, and so does a cell that spans several columns or rows.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from apps.crdt.content.names import BLOCKS, BOX, CELL, INLINE, ROW, attributes_of, content_of
from apps.crdt.content.prosemirror import Node

#: What stands between two cells of a row.
CELLS_APART: Final = " | "

#: Blocks that make a cell more than a line, so that its row is none.
_NO_LINES: Final = frozenset({"blockquote", "codeBlock", "horizontalRule", "table"})
#: Lines of a cell: a row with a longer cell lays out a page, it is no data.
_MAX_LINES: Final = 12
#: Places of spanning cells that are filled in one table. Against a table of spans alone.
_MAX_FILLED: Final = 10_000
_MAX_SPAN: Final = 1_000

#: The end of a block.
_END: Final[dict[str, Any]] = {"type": BOX}


def table_rows(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the rows of a table, and other blocks in it; places of spanning cells are filled."""
    columns = _Columns()
    waiting = deque(nodes)
    while waiting:
        node = waiting.popleft()
        if node["type"] == ROW:
            yield {"type": ROW, "content": columns.filled(content_of(node))}
        elif any(child["type"] == ROW for child in content_of(node)):
            waiting.extendleft(reversed(content_of(node)))
        else:
            yield node


def cell_line(cell: Node) -> list[Node] | None:
    """Return the content of a cell as one line; None if it is more than a line."""
    line: list[Node] = []
    lines = 0
    stack = content_of(cell)[::-1]
    is_apart = False
    while stack:
        node = stack.pop()
        if node["type"] in _NO_LINES or lines > _MAX_LINES:
            return None
        if node["type"] in INLINE:
            if line and (is_apart or node["type"] == "hardBreak"):
                line.append({"type": "text", "text": " "})
            is_apart = False
            if node["type"] == "text":
                line.append(node)
            continue
        content = content_of(node)[::-1]
        if node["type"] in BLOCKS:
            is_apart = True
            lines += 1 if content else 0
            content = [_END, *content] if content else []
        stack += content
    return line


def row_line(cells: Sequence[Node]) -> list[Node]:
    """Return the cells of a row as one line; empty if all of them are."""
    line: list[Node] = []
    has_words = False
    for number, cell in enumerate(cells):
        own = cell_line(cell) if cell["type"] == CELL else [cell]
        has_words = has_words or own is None or bool(own)
        if number:
            line.append({"type": "text", "text": CELLS_APART})
        line += own if own is not None else [cell]
    return line if has_words or not all(cell["type"] == CELL for cell in cells) else []


class _Columns:
    """The columns of a table that cells of former rows reach into."""

    def __init__(self) -> None:
        self._rows_left: dict[int, int] = {}
        self._left = _MAX_FILLED

    def filled(self, cells: Iterable[Node]) -> list[Node]:
        """Return the cells of a row, with empty ones where another cell spans their place."""
        row: list[Node] = []
        for cell in cells:
            self._fill_spanned(row)
            first = len(row)
            row.append(cell)
            for _ in range(1, min(_span(cell, "colspan"), self._left + 1)):
                self._fill(row)
            if (height := _span(cell, "rowspan")) > 1:
                self._rows_left |= dict.fromkeys(range(first, len(row)), height - 1)
        self._fill_spanned(row)
        return row

    def _fill_spanned(self, row: list[Node]) -> None:
        while (left := self._rows_left.pop(len(row), 0)) and self._left:
            if left > 1:
                self._rows_left[len(row)] = left - 1
            self._fill(row)

    def _fill(self, row: list[Node]) -> None:
        self._left -= 1
        row.append({"type": CELL})


def _span(cell: Node, name: str) -> int:
    value = attributes_of(cell).get(name)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return min(max(value, 1), _MAX_SPAN) if is_number and isinstance(value, int) else 1
