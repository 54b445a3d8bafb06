"""Equality of two states as documents, independent of their encoding by an engine.

An engine writes the keys of an object in any order, and splits text at any place. So the engine
encodes both states again, which joins adjacent structs, and the keys are sorted.
"""

import hashlib
import json
from typing import Final

from apps.crdt.codec.contents import ANY, EMBED, FORMAT, read_uint, skip_any, skip_text
from apps.crdt.codec.structs import RawStruct, iter_structs
from apps.crdt.codec.update_reader import read_state
from apps.crdt.engine.base import Engine

#: Of the "any" values: an array, an object.
_ARRAY: Final = 117
_OBJECT: Final = 118


def states_equal(engine: Engine, one: bytes, other: bytes) -> bool:
    """Return whether two whole states are the same document.

    Raises ``InvalidInputError`` or ``EngineBrokenError`` if one of them is not a whole state.
    """
    return one == other or _digest(_re_encoded(engine, one)) == _digest(_re_encoded(engine, other))


def _re_encoded(engine: Engine, state: bytes) -> bytes:
    """Return a state as the engine encodes it after it has applied all of it at once."""
    document = engine.new_document()
    try:
        document.apply(state)
        return document.encode()
    finally:
        document.close()


def _digest(state: bytes) -> bytes:
    """Return a digest of all structs and deletes, sorted by client."""
    header = read_state(state)
    whole = hashlib.sha256()
    by_client: dict[int, hashlib._Hash] = {}
    for struct in iter_structs(state):
        own = by_client.setdefault(struct.client, hashlib.sha256())
        own.update(
            repr((struct.clock, struct.kind, struct.prefix, ordered_content(struct))).encode()
        )
    for client in sorted(by_client):
        whole.update(repr((client, by_client[client].digest())).encode())
    for client in sorted(header.deletes):
        whole.update(repr((client, sorted(header.deletes[client]))).encode())
    return whole.digest()


def ordered_content(struct: RawStruct) -> bytes:
    """Return a struct's content with the keys of its objects sorted."""
    content = struct.content
    if struct.kind == FORMAT:
        value_at = skip_text(content, 0)
        return content[:value_at] + _ordered_json(content, value_at)
    if struct.kind == EMBED:
        return _ordered_json(content, 0)
    if struct.kind == ANY:
        count, pos = read_uint(content, 0)
        return ordered_any(content, pos, count)[0]
    return content


def _ordered_json(data: bytes, pos: int) -> bytes:
    _, pos = read_uint(data, pos)
    return json.dumps(json.loads(data[pos:]), sort_keys=True).encode()


def ordered_any(data: bytes, pos: int, count: int) -> tuple[bytes, int]:
    """Return ``count`` "any" values with the keys of objects sorted, and the position behind.

    The values stay in their encoding, so they are as long as before at any depth.
    """
    out = bytearray()
    for _ in range(count):
        start, kind = pos, data[pos]
        if kind in (_ARRAY, _OBJECT):
            length, inside = read_uint(data, pos + 1)
            out += data[start:inside]
            if kind == _OBJECT:
                values, pos = _ordered_members(data, inside, length)
            else:
                values, pos = ordered_any(data, inside, length)
            out += values
        else:
            pos = skip_any(data, pos, 1)
            out += data[start:pos]
    return bytes(out), pos


def _ordered_members(data: bytes, pos: int, count: int) -> tuple[bytes, int]:
    """Return ``count`` members of an object, sorted by key, and the position behind."""
    members = []
    for _ in range(count):
        value_at = skip_text(data, pos)
        value, end = ordered_any(data, value_at, 1)
        members.append(data[pos:value_at] + value)
        pos = end
    return b"".join(sorted(members)), pos
