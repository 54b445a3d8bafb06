"""Tables of a Word file, made rectangular before pandoc reads them. Pure.

pandoc takes the number of columns from the first row and from the grid, and leaves out the cells of
other rows that go beyond.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

#: Most columns of a table that gets some; Word makes 63. Most cells and columns that one file gets.
#: Against rows of wide spans.
_COLUMNS_MAX: Final = 200
_ADDED_MAX: Final = 20_000


@dataclass(slots=True)
class _Table:
    """An open table: columns of its grid, of its first row, of its widest and of its last row."""

    prefix: str
    grid: int = 0
    first: int | None = None
    widest: int = 0
    row: int = 0
    #: Places in the file: the start of the first row, its end, the end of the grid.
    row_at: int | None = None
    row_end: int | None = None
    grid_end: int | None = None


def rows_filled(content: bytes) -> bytes:
    """Return a part of a Word file whose tables have as many columns as their widest row.

    Empty cells are added to first rows, and columns to grids. XML that is damaged stays.
    """
    if b":tbl>" not in content or not content.startswith(b"<"):
        return content
    reader = _Reader(content)
    try:
        reader.parse()
    except expat.ExpatError:
        return content
    pieces, start = [], 0
    for place, words in sorted(reader.added):
        pieces += [content[start:place], words.encode()]
        start = place
    return b"".join((*pieces, content[start:]))


class _Reader:
    """Reads the tables of a part, and collects what is to be added at which byte."""

    def __init__(self, content: bytes) -> None:
        self.added: list[tuple[int, str]] = []
        self._content = content
        self._left = _ADDED_MAX
        self._open: list[_Table] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def parse(self) -> None:
        """Read the part. Raises ``ExpatError``."""
        self._parser.Parse(self._content, True)  # noqa: FBT003 - the end of the part

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        prefix, _, name = tag.rpartition(":")
        if name == "tbl":
            self._open.append(_Table(prefix))
        elif self._open and name in _STARTS:
            _STARTS[name](self._open[-1], attributes, self._parser.CurrentByteIndex)

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if not self._open or name not in ("tbl", "tblGrid", "tr"):
            return
        table, place = self._open[-1], self._parser.CurrentByteIndex
        is_closing_tag = self._content.startswith(b"</", place)
        if name == "tbl":
            self._fill(self._open.pop())
        elif name == "tblGrid" and is_closing_tag:
            table.grid_end = place
        elif name == "tr":
            table.widest = max(table.widest, table.row)
            if table.first is None:
                table.first, table.row_end = table.row, place if is_closing_tag else None

    def _fill(self, table: _Table) -> None:
        """Add what a table lacks, within the limit of the file."""
        cells, columns = table.widest - (table.first or 0), table.widest - table.grid
        if table.widest > _COLUMNS_MAX or max(cells, columns) <= 0:
            return
        if table.row_end is None or table.row_at is None:
            return
        self._left -= max(cells, 0) + max(columns, 0)
        if self._left < 0:
            return
        w = table.prefix
        grid = f'<{w}:gridCol {w}:w="100"/>' * columns
        if table.grid_end is not None:
            self.added.append((table.grid_end, grid))
        else:
            self.added.append((table.row_at, f"<{w}:tblGrid>{grid}</{w}:tblGrid>"))
        self.added.append((table.row_end, f"<{w}:tc><{w}:p/></{w}:tc>" * cells))


def _on_column(table: _Table, _attributes: Mapping[str, str], _place: int) -> None:
    table.grid += 1


def _on_row(table: _Table, _attributes: Mapping[str, str], place: int) -> None:
    table.row = 0
    table.row_at = place if table.row_at is None else table.row_at


def _on_cell(table: _Table, _attributes: Mapping[str, str], _place: int) -> None:
    table.row += 1


def _on_span(table: _Table, attributes: Mapping[str, str], _place: int) -> None:
    span = attributes.get(f"{table.prefix}:val", "")
    # A number of many digits is none that a program wrote.
    if span.isascii() and span.isdecimal() and len(span) <= len("9999"):
        table.row += max(int(span), 1) - 1


_STARTS: Final[dict[str, Callable[[_Table, Mapping[str, str], int], None]]] = {
    "gridCol": _on_column,
    "gridSpan": _on_span,
    "tc": _on_cell,
    "tr": _on_row,
}
