"""The pieces of an update, each with its content: for looking into updates, not for merging them.

Only for updates that ``apps.crdt.codec.update_reader.read_update`` has passed: nothing is checked
again.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from apps.crdt.codec.contents import (
    STRING,
    MalformedUpdateError,
    read_content,
    read_uint,
    skip_text,
)
from apps.crdt.codec.lib0 import write_var_uint
from apps.crdt.codec.update_reader import KIND, read_update

#: Who made a struct, and at which clock.
Id = tuple[int, int]
#: From a clock of a client on, so many clocks.
Span = tuple[Id, int]

#: The update that brings nothing.
NOTHING: Final = b"\x00\x00"

_GAPS: Final = (0, 10)
_HAS_PARENT_KEY: Final = 32
_HAS_RIGHT_ORIGIN: Final = 64
_HAS_LEFT_ORIGIN: Final = 128
_HAS_BOTH_ORIGINS: Final = 192


class RawStruct(NamedTuple):
    """One struct: whose, from which clock, of which kind; ``place`` says where it stands.

    ``place`` and ``content`` are bytes as the update has them. A gap has neither.
    """

    client: int
    clock: int
    kind: int
    place: bytes
    content: bytes


def read_pieces(update: bytes) -> Iterator[RawStruct]:
    """Yield the structs of an update in its own order."""
    clients, pos = read_uint(update, 0)
    for _ in range(clients):
        structs, pos = read_uint(update, pos)
        client, pos = read_uint(update, pos)
        clock, pos = read_uint(update, pos)
        for _ in range(structs):
            piece, length, pos = _read_piece(update, pos, client, clock)
            yield piece
            clock += length


def with_deletes(update: bytes, spans: Iterable[Span]) -> bytes:
    """Return an update that brings the same and deletes these clocks instead."""
    out = bytearray(update[: _structs_end(update)])
    clients: dict[int, list[tuple[int, int]]] = {}
    for (client, clock), units in spans:
        clients.setdefault(client, []).append((clock, units))
    write_var_uint(out, len(clients))
    for client, runs in clients.items():
        write_var_uint(out, client)
        write_var_uint(out, len(runs))
        for clock, units in runs:
            write_var_uint(out, clock)
            write_var_uint(out, units)
    return bytes(out)


def _structs_end(update: bytes) -> int:
    clients, pos = read_uint(update, 0)
    for _ in range(clients):
        structs, pos = read_uint(update, pos)
        client, pos = read_uint(update, pos)
        clock, pos = read_uint(update, pos)
        for _ in range(structs):
            _, length, pos = _read_piece(update, pos, client, clock)
            clock += length
    return pos


def _read_piece(update: bytes, pos: int, client: int, clock: int) -> tuple[RawStruct, int, int]:
    """Return the struct at ``pos``, how many clocks it has, and where it ends."""
    start = pos
    info = update[pos]
    if info in _GAPS:
        length, pos = read_uint(update, pos + 1)
        return RawStruct(client, clock, info, update[start:pos], b""), length, pos
    kind = info & KIND
    place_end = _skip_place(update, pos + 1, info)
    length, pos = _skip_content(update, place_end, kind)
    place, content = update[start:place_end], update[place_end:pos]
    return RawStruct(client, clock, kind, place, content), length, pos


def root_names(update: bytes) -> set[str]:
    """Return the names of the root types that an update has items of."""
    names = (root_name(piece) for piece in read_pieces(update))
    return {name for name in names if name is not None}


def root_name(piece: RawStruct) -> str | None:
    """Return the name of the root that a struct without neighbours stands in, if it says one."""
    place = piece.place
    if piece.kind in _GAPS or place[0] >= _HAS_RIGHT_ORIGIN or not place[1]:
        return None
    size, start = read_uint(place, 2)
    return place[start : start + size].decode()


def read_neighbours(piece: RawStruct) -> tuple[Id | None, Id | None]:
    """Return the ids (client, clock) to the left and right of which an item was made."""
    info, pos = piece.place[0], 1
    found: list[Id | None] = [None, None]
    for index, bit in enumerate((_HAS_LEFT_ORIGIN, _HAS_RIGHT_ORIGIN)):
        if info & bit:
            client, pos = read_uint(piece.place, pos)
            clock, pos = read_uint(piece.place, pos)
            found[index] = (client, clock)
    return found[0], found[1]


def inserted_text(update: bytes) -> str:
    """Return the text that an update inserts, its pieces joined; empty where it cannot be read."""
    try:
        read_update(update)
    except MalformedUpdateError:
        return ""
    return "".join(map(text_of, read_pieces(update)))


def text_of(piece: RawStruct) -> str:
    """Return the text of a run of text, nothing of another piece."""
    if piece.kind != STRING or not piece.content:
        return ""
    return piece.content[read_uint(piece.content, 0)[1] :].decode()


def _skip_place(data: bytes, pos: int, info: int) -> int:
    """Pass the neighbours of an item, or its parent where it has none."""
    if info >= _HAS_RIGHT_ORIGIN:
        pos = _skip_id(data, pos)
        return _skip_id(data, pos) if info >= _HAS_BOTH_ORIGINS else pos
    in_root = data[pos]
    pos = skip_text(data, pos + 1) if in_root else _skip_id(data, pos + 1)
    return skip_text(data, pos) if info & _HAS_PARENT_KEY else pos


def _skip_id(data: bytes, pos: int) -> int:
    return read_uint(data, read_uint(data, pos)[1])[1]


def _skip_content(data: bytes, pos: int, kind: int) -> tuple[int, int]:
    """Pass the content of an item; return its length in clocks and where it ends."""
    if kind != STRING:
        return read_content(data, pos, kind)
    size, start = read_uint(data, pos)
    end = start + size
    return len(data[start:end].decode().encode("utf-16-le")) // 2, end
