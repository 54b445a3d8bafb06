"""Writes a tree of elements and texts as a Yjs update, struct by struct.

The engine walks to the position of each insertion, so it takes minutes for a long document. Here
each struct is written once, behind the one before it. Source: the internals and structs of Yjs.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from apps.crdt.codec.contents import ANY, ELEMENT, FORMAT, STRING, TYPE, XML_TEXT
from apps.crdt.codec.lib0 import encode_var_uint, write_var_string, write_var_uint
from apps.crdt.codec.structs import (
    EMPTY_UPDATE,
    HAS_LEFT_ORIGIN,
    HAS_PARENT_KEY,
    HAS_RIGHT_ORIGIN,
    Id,
)


class Position(NamedTuple):
    """The position of a struct: between two neighbours, or first in a parent (a root by name)."""

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
        """Return the number of clocks written so far."""
        return self._clock

    @property
    def size_bytes(self) -> int:
        """Return the length of the structs written so far."""
        return len(self._structs)

    def element(self, tag: str, position: Position) -> Id:
        """Write an element."""
        content = bytearray((ELEMENT,))
        write_var_string(content, tag)
        return self._item(TYPE, content, position)

    def text(self, position: Position) -> Id:
        """Write an empty text."""
        return self._item(TYPE, bytearray((XML_TEXT,)), position)

    def attribute(self, element: Id, name: str, value: Any) -> None:
        """Write an attribute of an element: a text, an integer, True, False, None or a list."""
        content = bytearray((1,))
        _write_any(content, value)
        self._item(ANY, content, Position(parent=element), key=name)

    def characters(self, characters: str, position: Position) -> Id:
        """Write characters into a text; return the id of the last one."""
        content = bytearray()
        write_var_string(content, characters)
        length = len(characters.encode("utf-16-le")) // 2
        first = self._item(STRING, content, position, length=length)
        return (first[0], first[1] + length - 1)

    def format(self, name: str, value: Mapping[str, Any] | None, position: Position) -> Id:
        """Start a format in a text; None as value ends it."""
        content = bytearray()
        write_var_string(content, name)
        write_var_string(content, json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        return self._item(FORMAT, content, position)

    def update(self) -> bytes:
        """Return all structs as a v1 update; the empty update if there are none."""
        if not self._count:
            return EMPTY_UPDATE
        head = b"".join(map(encode_var_uint, (1, self._count, self._client, 0)))
        return head + bytes(self._structs) + b"\x00"

    def _item(
        self,
        kind: int,
        content: bytearray,
        position: Position,
        *,
        key: str | None = None,
        length: int = 1,
    ) -> Id:
        out = self._structs
        out.append(
            kind
            | HAS_LEFT_ORIGIN * bool(position.left)
            | HAS_RIGHT_ORIGIN * bool(position.right)
            | HAS_PARENT_KEY * (key is not None)
        )
        for neighbour in (position.left, position.right):
            if neighbour:
                _write_id(out, neighbour)
        if not position.left and not position.right:
            _write_parent(out, position.parent)
            if key is not None:
                write_var_string(out, key)
        out += content
        written = (self._client, self._clock)
        self._clock += length
        self._count += 1
        return written


def _write_id(out: bytearray, id_: Id) -> None:
    for part in id_:
        write_var_uint(out, part)


def _write_parent(out: bytearray, parent: Id | str) -> None:
    if isinstance(parent, str):
        out.append(1)
        write_var_string(out, parent)
    else:
        out.append(0)
        _write_id(out, parent)


def _write_any(out: bytearray, value: Any) -> None:
    """Append a value in lib0's "any" encoding."""
    if value is None:
        out.append(126)
    elif isinstance(value, bool):
        out.append(120 if value else 121)
    elif isinstance(value, int):
        out.append(125)
        _write_int(out, value)
    elif isinstance(value, list):
        out.append(117)
        write_var_uint(out, len(value))
        for member in value:
            _write_any(out, member)
    else:
        out.append(119)
        write_var_string(out, value)


def _write_int(out: bytearray, number: int) -> None:
    """Append a signed integer: the sign and six bits, then seven bits in each byte."""
    rest = abs(number)
    out.append((128 if rest > 63 else 0) | (64 if number < 0 else 0) | rest & 63)
    if rest > 63:
        write_var_uint(out, rest >> 6)
