"""Tables: their grid, as the page's editor needs it, and their rows as lines of text.

A grid is rectangular: a row that is too short gets empty cells, a span ends at the last row and at
a cell from above. What is no data (a table that lays out a page) or is too large becomes lines: the
cells of a row are apart, each in its column. An empty cell keeps its place, and so does a cell that
spans several columns or rows.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from apps.crdt.content.bounds import MAX_TABLE_CELLS, ContentTooLargeError
from apps.crdt.content.names import (
    BLOCKS,
    BOX,
    CELL,
    CELLS,
    HEADER,
    INLINE,
    ROW,
    TABLE,
    attributes_of,
    content_of,
    nodes_named,
)
from apps.crdt.content.prosemirror import Node
from apps.crdt.content.schema_table import NODES, is_of_type

#: What stands between two cells of a row.
CELLS_APART: Final = " | "

#: Blocks that make a cell more than a line, so that its row is none.
_NO_LINES: Final = frozenset(
    {"blockquote", "callout", "details", "codeBlock", "horizontalRule", "table"}
)
#: Lines of a cell: a row with a longer cell lays out a page, it is no data.
_MAX_LINES: Final = 12
#: Places of spanning cells that are filled in one table. Against a table of spans alone.
_MAX_FILLED: Final = 10_000
_MAX_SPAN: Final = 1_000

#: Names of the attribute of a cell's alignment in other schemas.
_ALIGNMENTS: Final = ("align", "alignment", "textAlign")
#: The end of a block.
_END: Final[dict[str, Any]] = {"type": BOX}


def tables_check(nodes: Iterable[Node]) -> None:
    """Raise ``ContentTooLargeError`` where a table has more places than the page shows."""
    stack = [nodes_named(nodes)]
    while stack:
        for node in stack.pop():
            if node["type"] == TABLE and table_grid(table_parts(node)[1]) is None:
                raise ContentTooLargeError.of("max_table_cells", MAX_TABLE_CELLS)
            if node.get("content"):
                stack.append(iter(content_of(node)))


def table_parts(table: Node) -> tuple[list[Node], list[list[Node]]]:
    """Return the blocks of a table that are no rows (a caption), and the cells of each row."""
    others: list[Node] = []
    rows: list[list[Node]] = []
    waiting = deque(content_of(table))
    while waiting:
        node = waiting.popleft()
        if node["type"] == ROW:
            rows.append([_as_cell(child) for child in content_of(node)])
        elif any(child["type"] == ROW for child in content_of(node)):
            waiting.extendleft(reversed(content_of(node)))
        else:
            others.append(node)
    return others, rows if any(rows) else []


def _as_cell(node: Node) -> Node:
    return node if node["type"] in CELLS else {"type": CELL, "content": [node]}


def table_grid(rows: Sequence[Sequence[Node]]) -> list[list[Node]] | None:
    """Return the cells of each row so that they fill a rectangle; None if it is too large.

    Each has ``attrs`` of the page's schema, without those that are the default.
    """
    taken: dict[int, int] = {}
    grid: list[list[Node]] = []
    covered: list[int] = []
    for number, cells in enumerate(rows):
        left = len(rows) - number
        row: list[Node] = []
        before = {column for column, count in taken.items() if count > 0}
        taken = {column: count - 1 for column, count in taken.items() if count > 1}
        column = places = 0
        for cell in cells:
            while column in before:
                column += 1
            width = _free_columns(before, column, _span(cell, "colspan"))
            height = min(_span(cell, "rowspan"), left)
            row.append({**cell, "attrs": _cell_attributes(cell, width, height)})
            if height > 1:
                taken |= dict.fromkeys(range(column, column + width), height - 1)
            column += width
            places += width
            if places > MAX_TABLE_CELLS:
                return None
        grid.append(row)
        covered.append(places + len(before))
    width = max(covered, default=0)
    if width * len(grid) > MAX_TABLE_CELLS:
        return None
    for row, places in zip(grid, covered, strict=True):
        is_head = bool(row) and all(cell["type"] == HEADER for cell in row)
        row.extend([{"type": HEADER if is_head else CELL, "attrs": {}}] * (width - places))
    return grid


def _free_columns(taken: set[int], column: int, span: int) -> int:
    """Return how many columns from one on are free, up to a span; at least that one."""
    return next((width for width in range(1, span) if column + width in taken), span)


def _cell_attributes(cell: Node, width: int, height: int) -> dict[str, Any]:
    attributes = attributes_of(cell)
    found: dict[str, Any] = {}
    if width > 1:
        found["colspan"] = width
    if height > 1:
        found["rowspan"] = height
    types = NODES[CELL].attributes
    widths = attributes.get("colwidth")
    if widths and is_of_type(types["colwidth"], widths) and len(widths) == width:
        found["colwidth"] = [int(one) for one in widths]
    for name in _ALIGNMENTS:
        if attributes.get(name) and is_of_type(types["align"], attributes[name]):
            found.setdefault("align", attributes[name])
    return found


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
        own = cell_line(cell) if cell["type"] in CELLS else [cell]
        has_words = has_words or own is None or bool(own)
        if number:
            line.append({"type": "text", "text": CELLS_APART})
        line += own if own is not None else [cell]
    return line if has_words or not all(cell["type"] in CELLS for cell in cells) else []


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
