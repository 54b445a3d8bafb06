"""Whether two states are the same document, however an engine happened to write them.

An engine writes the keys of an object in any order, and cuts runs of text in any way. So both
states go through the engine once, which joins what belongs together, and what may stand in any
order is put in order.
"""

import hashlib
import json
from typing import Final

from apps.crdt.codec.contents import ANY, EMBED, FORMAT, read_uint, skip_any, skip_text
from apps.crdt.codec.structs import RawStruct, read_pieces
from apps.crdt.codec.update_reader import read_update
from apps.crdt.engine.base import Engine

#: Of the "any" values: an array, an object.
_ARRAY: Final = 117
_OBJECT: Final = 118


def states_equal(engine: Engine, one: bytes, other: bytes) -> bool:
    """Tell whether two updates of a whole document make the same document.

    Raises ``InvalidInputError`` or ``EngineBrokenError`` when one of them is not such an update.
    """
    return one == other or _digest(_rewritten(engine, one)) == _digest(_rewritten(engine, other))


def _rewritten(engine: Engine, state: bytes) -> bytes:
    """Return a state as the engine writes it when it has read all of it at once."""
    document = engine.new_document()
    try:
        document.apply(state)
        return document.encode()
    finally:
        document.close()


def _digest(state: bytes) -> bytes:
    """Return a digest of all structs and deletes, in one order."""
    header = read_update(state)
    whole = hashlib.sha256()
    by_client: dict[int, hashlib._Hash] = {}
    for piece in read_pieces(state):
        own = by_client.setdefault(piece.client, hashlib.sha256())
        own.update(repr((piece.clock, piece.kind, piece.place, _ordered(piece))).encode())
    for client in sorted(by_client):
        whole.update(repr((client, by_client[client].digest())).encode())
    for client in sorted(header.deletes):
        whole.update(repr((client, sorted(header.deletes[client]))).encode())
    return whole.digest()


def _ordered(piece: RawStruct) -> bytes:
    """Return a piece's content with the keys of its objects in order."""
    content = piece.content
    if piece.kind == FORMAT:
        value_at = skip_text(content, 0)
        return content[:value_at] + _ordered_json(content, value_at)
    if piece.kind == EMBED:
        return _ordered_json(content, 0)
    if piece.kind == ANY:
        count, pos = read_uint(content, 0)
        return _ordered_any(content, pos, count)[0]
    return content


def _ordered_json(data: bytes, pos: int) -> bytes:
    _, pos = read_uint(data, pos)
    return json.dumps(json.loads(data[pos:]), sort_keys=True).encode()


def _ordered_any(data: bytes, pos: int, count: int) -> tuple[bytes, int]:
    """Return ``count`` "any" values with their objects' keys in order, and where they end."""
    out = bytearray()
    for _ in range(count):
        start, kind = pos, data[pos]
        if kind == _OBJECT:
            members, pos = _members(data, pos + 1)
            out += repr(sorted(members)).encode()
        elif kind == _ARRAY:
            length, pos = read_uint(data, pos + 1)
            values, pos = _ordered_any(data, pos, length)
            out += repr((length, values)).encode()
        else:
            pos = skip_any(data, pos, 1)
            out += data[start:pos]
    return bytes(out), pos


def _members(data: bytes, pos: int) -> tuple[list[tuple[bytes, bytes]], int]:
    count, pos = read_uint(data, pos)
    members = []
    for _ in range(count):
        value_at = skip_text(data, pos)
        value, end = _ordered_any(data, value_at, 1)
        members.append((data[pos:value_at], value))
        pos = end
    return members, pos
