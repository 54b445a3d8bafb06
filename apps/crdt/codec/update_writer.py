"""Writing a tree of elements and texts as a Yjs update, from the first byte to the last.

The engine walks to the place of each insertion, so a long document takes it minutes; here each
struct is written once, behind the one before it. Source: Yjs' internals and its structs.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from apps.crdt.codec.contents import ANY, ELEMENT, FORMAT, STRING, TYPE
from apps.crdt.codec.lib0 import encode_var_uint, write_var_string, write_var_uint
from apps.crdt.codec.structs import Id

#: The first bits of a struct: it has a neighbour to the left, to the right, a key.
_LEFT: Final = 128
_RIGHT: Final = 64
_KEY: Final = 32
_TEXT: Final = 6


class Position(NamedTuple):
    """Where a struct stands: between two neighbours, or first in a parent (a root by its name)."""

    left: Id | None = None
    right: Id | None = None
    parent: Id | str = ""


class UpdateWriter:
    """Writes the structs of one new client."""

    def __init__(self, client: int) -> None:
        self._client = client
        self._clock = 0
        self._count = 0
        self._structs = bytearray()

    @property
    def clock(self) -> int:
        """Return how many clocks are written."""
        return self._clock

    def element(self, tag: str, place: Position) -> Id:
        """Write an element."""
        content = bytearray((ELEMENT,))
        write_var_string(content, tag)
        return self._item(TYPE, content, place)

    def text(self, place: Position) -> Id:
        """Write a text, which is empty yet."""
        return self._item(TYPE, bytearray((_TEXT,)), place)

    def attribute(self, element: Id, name: str, value: Any) -> None:
        """Give an element an attribute: a text, an integer, True, False or None."""
        content = bytearray((1,))
        _write_any(content, value)
        self._item(ANY, content, Position(parent=element), key=name)

    def characters(self, words: str, place: Position) -> Id:
        """Write characters into a text; return the id of the last of them."""
        content = bytearray()
        write_var_string(content, words)
        length = len(words.encode("utf-16-le")) // 2
        first = self._item(STRING, content, place, length=length)
        return (first[0], first[1] + length - 1)

    def format(self, name: str, value: Mapping[str, Any] | None, place: Position) -> Id:
        """Begin a format in a text; with None it ends."""
        content = bytearray()
        write_var_string(content, name)
        write_var_string(content, json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        return self._item(FORMAT, content, place)

    def update(self) -> bytes:
        """Return everything as a v1 update; without structs the empty one."""
        if not self._count:
            return b"\x00\x00"
        head = b"".join(map(encode_var_uint, (1, self._count, self._client, 0)))
        return head + bytes(self._structs) + b"\x00"

    def _item(
        self,
        kind: int,
        content: bytearray,
        place: Position,
        *,
        key: str | None = None,
        length: int = 1,
    ) -> Id:
        out = self._structs
        out.append(
            kind | _LEFT * bool(place.left) | _RIGHT * bool(place.right) | _KEY * (key is not None)
        )
        for neighbour in (place.left, place.right):
            if neighbour:
                _write_id(out, neighbour)
        if not place.left and not place.right:
            _write_parent(out, place.parent)
            if key is not None:
                write_var_string(out, key)
        out += content
        written = (self._client, self._clock)
        self._clock += length
        self._count += 1
        return written


def _write_id(out: bytearray, name: Id) -> None:
    for number in name:
        write_var_uint(out, number)


def _write_parent(out: bytearray, parent: Id | str) -> None:
    if isinstance(parent, str):
        out.append(1)
        write_var_string(out, parent)
    else:
        out.append(0)
        _write_id(out, parent)


def _write_any(out: bytearray, value: Any) -> None:
    """Append a value as lib0 has it (its "any" encoding)."""
    if value is None:
        out.append(126)
    elif isinstance(value, bool):
        out.append(120 if value else 121)
    elif isinstance(value, int):
        out.append(125)
        _write_int(out, value)
    else:
        out.append(119)
        write_var_string(out, value)


def _write_int(out: bytearray, number: int) -> None:
    """Append a signed integer: a sign and six bits, then seven bits a byte."""
    rest = abs(number)
    out.append((128 if rest > 63 else 0) | (64 if number < 0 else 0) | rest & 63)
    if rest > 63:
        write_var_uint(out, rest >> 6)
