"""Limits of what a text to import may become (docs/invariants.md, 10).

Time and memory of a conversion grow with the parts that it builds, not with the bytes that came: a
token of four bytes is a kilobyte while it is converted. So the parts are counted while they are
built, and the text is refused at the first one too many.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, TypeVar

from apps.core.errors import LimitExceededError

#: Lines of a text to import. Against a megabyte of line ends: each one is a block.
MAX_LINES: Final = 100_000
#: Tokens of a Markdown text: starts and ends of blocks, cells, marks, and the texts between. Prose
#: of a megabyte has 350,000. Against a megabyte of delimiters, list items or cells.
MAX_TOKENS: Final = 500_000
#: Blocks, cells, marks, texts and line breaks of HTML or ProseMirror's JSON.
MAX_NODES: Final = 200_000
#: Places of one table: a sheet of 5,000 cells fits. Threat: a span of 10^9 columns, which each page
#: would lay out. The page shows no table that is larger (``static/js/editor/table_schema.js``).
MAX_TABLE_CELLS: Final = 10_000
#: Characters of a link's address, and of its title. Against one long address under many texts.
MAX_LINK_CHARS: Final = 8_192
#: Bytes of the Yjs update that the content becomes, twice what the log takes as one operation.
#: Against an address that many references repeat.
MAX_UPDATE_BYTES: Final = 8 * 1024 * 1024

_Item = TypeVar("_Item")


class ContentTooLargeError(LimitExceededError):
    """The content has more parts than a conversion may build; ``extra`` names the limit."""

    code = "content_too_large"

    @classmethod
    def of(cls, limit: str, value: int) -> "ContentTooLargeError":
        """Return the error for a limit of this module, by its name in lower case."""
        return cls(
            f"This text has more than {value:,} {_NAMES[limit]}. Split it, and import the parts.",
            extra={"limit": limit, "value": value},
        )


_NAMES: Final = {
    "max_lines": "lines",
    "max_tokens": "pieces of Markdown (blocks, cells, marks and texts)",
    "max_nodes": "blocks, texts and marks",
    "max_table_cells": "cells in one table",
    "max_update_bytes": "bytes as an edit",
}


class PartCounter:
    """Counts the parts of one conversion, up to a limit."""

    def __init__(self, limit: str, value: int) -> None:
        self._limit, self._value, self._left = limit, value, value

    def add(self, count: int = 1) -> None:
        """Count parts. Raises ``ContentTooLargeError``."""
        self._left -= count
        if self._left < 0:
            raise ContentTooLargeError.of(self._limit, self._value)


class CountedList(list[_Item]):
    """A list whose appended members are counted."""

    def __init__(self, counter: PartCounter) -> None:
        super().__init__()
        self._counter = counter

    def append(self, member: _Item, /) -> None:
        """Append a member. Raises ``ContentTooLargeError``."""
        self._counter.add()
        super().append(member)


def lines_check(text: str) -> None:
    """Raise ``ContentTooLargeError`` for a text of more than ``MAX_LINES``."""
    if text.count("\n") + text.count("\r") - text.count("\r\n") > MAX_LINES:
        raise ContentTooLargeError.of("max_lines", MAX_LINES)


class OpenMarks:
    """The marks that are open while a line is read: a stack of any depth, read as a short list.

    A text has each kind of mark once, so the list has an entry per kind, not per open mark. Of
    links the outermost counts.
    """

    def __init__(self) -> None:
        self._stack: list[dict[str, Any]] = []
        self._counts: Counter[str] = Counter()
        self._first: dict[str, dict[str, Any]] = {}

    def push(self, mark: dict[str, Any]) -> None:
        """Open a mark."""
        self._stack.append(mark)
        self._counts[mark["type"]] += 1
        self._first.setdefault(mark["type"], mark)

    def pop(self) -> None:
        """Close the mark that was opened last."""
        kind = self._stack.pop()["type"]
        self._counts[kind] -= 1
        if not self._counts[kind]:
            del self._first[kind]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Return the open marks, one per kind."""
        return iter(self._first.values())

    def marks(self, *inner: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the marks of a text, with ``inner`` ones around this text alone."""
        return [*self, *inner]
