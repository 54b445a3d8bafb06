"""A strict reader of the Yjs v1 update format: what an update brings, needs and deletes.

It builds no structs. It walks over the bytes once, refuses what no honest client writes, and
keeps what the causal gate (``apps.crdt.engine.causal_gate``) judges by. Nothing reaches the engine
unread: the engine trusts its input more than a server may (ADR 0001).

The format: https://github.com/yjs/yjs/blob/v13.6.33/src/utils/encoding.js
"""

from heapq import heappop, heappush
from typing import Final, NamedTuple

from apps.crdt.codec.contents import (
    STRING,
    TYPE,
    MalformedUpdateError,
    read_content,
    read_uint,
    refuse,
    skip_text,
    text_length,
)
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.vectors import Vector

#: The engine counts clocks in 32 bits, and cuts off the rest without a word.
MAX_CLOCK: Final = 2**32 - 1

#: Info byte of a struct: the lowest five bits say what it is, the others what follows.
_GC: Final = 0
_SKIP: Final = 10
_GAPS: Final = (_GC, _SKIP)
KIND: Final = 31
_HAS_PARENT_KEY: Final = 32
_HAS_RIGHT_ORIGIN: Final = 64
_HAS_BOTH_ORIGINS: Final = 192


class UpdateHeader(NamedTuple):
    """What is to be known of an update before it may be applied.

    ``ranges``: client to the runs of clocks ``(first, end)`` that it brings, in order; more than
    one where a merged update leaves a gap (a Skip struct).
    ``needs``: client to the number of its clocks that must be known before, by origins, parents,
    deletes and the clocks that precede a run; without what the update itself brings.
    ``deletes``: client to ``(clock, length)`` runs that it deletes.
    ``size``: bytes of the update. ``types``: how many shared types (elements, texts, maps, arrays
    inside others) it creates.
    """

    ranges: dict[int, tuple[tuple[int, int], ...]]
    needs: Vector
    deletes: dict[int, tuple[tuple[int, int], ...]]
    size: int
    types: int = 0

    def end_vector(self) -> Vector:
        """Return client to the highest clock end that the update brings."""
        return {client: runs[-1][1] for client, runs in self.ranges.items()}


#: A struct of one client that needs one of another: client, clock, other client, its clock end.
_Link = tuple[int, int, int, int]


class _Walk:
    """What is gathered on the way through an update."""

    __slots__ = ("client", "data", "links", "needs", "own", "types")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.needs: Vector = {}
        self.types = 0
        #: References between clients; None while there is only one client.
        self.links: list[_Link] | None = None
        #: The client whose structs are read, and its id as it is written.
        self.client = 0
        self.own = b""


def read_update(update: bytes) -> UpdateHeader:
    """Read the whole of ``update``, strictly; raise MalformedUpdateError."""
    walk = _Walk(update)
    try:
        ranges, pos = _read_structs(walk)
        deletes, pos = _read_deletes(walk, pos)
    except IndexError:
        raise MalformedUpdateError("The update ends too early.") from None
    except DecodeError as err:
        raise MalformedUpdateError(err.message) from None
    if pos != len(update):
        refuse("The update has bytes behind its end.")
    needs = walk.needs
    for client, runs in ranges.items():
        first, end = runs[-1]
        need = needs.get(client, 0)
        if need <= end:
            if first:
                needs[client] = first
            elif need:
                del needs[client]
    return UpdateHeader(ranges, needs, deletes, len(update), walk.types)


def _read_structs(walk: _Walk) -> tuple[dict[int, tuple[tuple[int, int], ...]], int]:
    data = walk.data
    ranges: dict[int, tuple[tuple[int, int], ...]] = {}
    clients, pos = read_uint(data, 0)
    if clients * 4 > len(data):
        refuse("The update names more clients than it has room for.")
    if clients > 1:
        walk.links = []
    for _ in range(clients):
        structs, pos = read_uint(data, pos)
        if not structs or structs * 2 > len(data) - pos:
            refuse("The update names more structs than it has room for, or none.")
        start = pos
        client, pos = read_uint(data, pos)
        if client in ranges:
            refuse("The update names a client twice.")
        walk.client = client
        walk.own = data[start:pos]
        ranges[client], pos = _read_client(walk, pos, structs)
    if walk.links:
        _check_order(ranges, walk.links)
    return ranges, pos


def _read_client(  # noqa: C901 - the hot path: one walk, as few calls as can be
    walk: _Walk, pos: int, structs: int
) -> tuple[tuple[tuple[int, int], ...], int]:
    """Read the structs of one client; return its runs of clocks."""
    data = walk.data
    clock, pos = read_uint(data, pos)
    first = clock
    runs: list[tuple[int, int]] = []
    for _ in range(structs):
        info = data[pos]
        pos += 1
        if info in _GAPS:
            length, pos = read_uint(data, pos)
            if info == _SKIP:
                if clock > first:
                    runs.append((first, clock))
                first = clock + length
        else:
            if info < _HAS_RIGHT_ORIGIN:
                pos = _read_parent(walk, pos, info, clock)
            else:
                pos = _read_reference(walk, pos, clock)
                if info >= _HAS_BOTH_ORIGINS:
                    pos = _read_reference(walk, pos, clock)
            kind = info & KIND
            if kind == STRING:
                size, pos = read_uint(data, pos)
                length = text_length(data, pos, pos + size)
                pos += size
            else:
                length, pos = read_content(data, pos, kind)
                if kind == TYPE:
                    walk.types += 1
        if not length:
            refuse("The update has an empty struct.")
        clock += length
        if clock > MAX_CLOCK:
            refuse("The update has a clock that is too high.")
    if clock == first:
        refuse("The update ends with a gap.")
    runs.append((first, clock))
    return tuple(runs), pos


def _read_reference(walk: _Walk, pos: int, clock: int) -> int:
    """Read the id of another struct and note it as a need; return the position behind it.

    Nearly every reference is to the writer's own text; comparing its bytes keeps those cheap.
    """
    data = walk.data
    own = walk.own
    if data.startswith(own, pos):
        at, pos = read_uint(data, pos + len(own))
        if at >= clock:
            refuse("A struct refers to a later one of its own client.")
        return pos
    other, pos = read_uint(data, pos)
    at, pos = read_uint(data, pos)
    if at >= MAX_CLOCK:
        refuse("A struct refers to a clock that is too high.")
    if walk.needs.get(other, 0) <= at:
        walk.needs[other] = at + 1
    if walk.links is not None:
        walk.links.append((walk.client, clock, other, at + 1))
    return pos


def _read_parent(walk: _Walk, pos: int, info: int, clock: int) -> int:
    """Read where an item without neighbours stands: in a root, or in another item."""
    is_root = walk.data[pos]
    pos += 1
    if is_root == 1:
        pos = skip_text(walk.data, pos)
    elif is_root == 0:
        pos = _read_reference(walk, pos, clock)
    else:
        refuse("A struct has a parent of an unknown kind.")
    if info & _HAS_PARENT_KEY:
        pos = skip_text(walk.data, pos)
    return pos


def _read_deletes(walk: _Walk, pos: int) -> tuple[dict[int, tuple[tuple[int, int], ...]], int]:
    data = walk.data
    needs = walk.needs
    deletes: dict[int, tuple[tuple[int, int], ...]] = {}
    clients, pos = read_uint(data, pos)
    if clients * 2 > len(data) - pos:
        refuse("The update deletes from more clients than it has room for.")
    for _ in range(clients):
        client, pos = read_uint(data, pos)
        if client in deletes:
            refuse("The update deletes from a client twice.")
        count, pos = read_uint(data, pos)
        if count * 2 > len(data) - pos:
            refuse("The update has more deletes than it has room for.")
        runs = []
        highest = 0
        for _ in range(count):
            clock, pos = read_uint(data, pos)
            length, pos = read_uint(data, pos)
            if not length or clock + length > MAX_CLOCK:
                refuse("The update deletes nothing, or at too high a clock.")
            runs.append((clock, length))
            highest = max(highest, clock + length)
        deletes[client] = tuple(runs)
        if needs.get(client, 0) < highest:
            needs[client] = highest
    return deletes, pos


def _check_order(ranges: dict[int, tuple[tuple[int, int], ...]], links: list[_Link]) -> None:
    """Refuse structs that wait for each other in a circle: the engine would keep them for ever.

    ``links`` are in order of clock within each client. A client gets as far as its first link
    that is not fulfilled; who gets further wakes those that wait for it.
    """
    inner: dict[int, list[_Link]] = {}
    for link in links:
        other = ranges.get(link[2])
        if other is not None and link[3] <= other[-1][1]:
            inner.setdefault(link[0], []).append(link)
    position = dict.fromkeys(inner, 0)
    #: Per client a heap of (clock end waited for, client that waits).
    waiting: dict[int, list[tuple[int, int]]] = {client: [] for client in inner}
    ready = list(inner)
    while ready:
        client = ready.pop()
        own = inner[client]
        at = position[client]
        while at < len(own) and own[at][3] <= _reached(own[at][2], inner, position):
            at += 1
        position[client] = at
        if at < len(own):
            heappush(waiting[own[at][2]], (own[at][3], client))
        heap = waiting[client]
        reached = _reached(client, inner, position)
        while heap and heap[0][0] <= reached:
            ready.append(heappop(heap)[1])
    if any(waiting.values()):
        refuse("The update's structs wait for each other.")


def _reached(client: int, inner: dict[int, list[_Link]], position: dict[int, int]) -> int:
    """Return the clock up to which a client's structs wait for nothing in the update."""
    own = inner.get(client)
    if own is None or position[client] == len(own):
        return MAX_CLOCK
    return own[position[client]][1]


class Struct(NamedTuple):
    """One struct of an update, and where it stands.

    ``anchor`` is the id of the sibling that it was put beside, or with ``inside`` of the item
    that it was put into; None in a root. ``length`` counts its clocks.
    """

    client: int
    clock: int
    length: int
    kind: int
    anchor: tuple[int, int] | None
    inside: bool


def read_structs(update: bytes) -> dict[int, list[Struct]]:
    """Return client to its structs in order; for updates that ``read_update`` has passed."""
    clients: dict[int, list[Struct]] = {}
    count, pos = read_uint(update, 0)
    for _ in range(count):
        structs, pos = read_uint(update, pos)
        client, pos = read_uint(update, pos)
        clock, pos = read_uint(update, pos)
        own = clients[client] = []
        for _ in range(structs):
            struct, pos = _read_struct(update, pos, client, clock)
            own.append(struct)
            clock += struct.length
    return clients


def _read_struct(data: bytes, pos: int, client: int, clock: int) -> tuple[Struct, int]:
    info = data[pos]
    kind = info & KIND
    if info in _GAPS:
        length, pos = read_uint(data, pos + 1)
        return Struct(client, clock, length, kind, None, inside=False), pos
    anchor: tuple[int, int] | None = None
    inside = info < _HAS_RIGHT_ORIGIN
    pos += 1
    if inside:
        is_root = data[pos]
        pos += 1
        if is_root:
            pos = skip_text(data, pos)
        else:
            anchor, pos = _read_id(data, pos)
        if info & _HAS_PARENT_KEY:
            pos = skip_text(data, pos)
    else:
        anchor, pos = _read_id(data, pos)
        if info >= _HAS_BOTH_ORIGINS:
            _, pos = _read_id(data, pos)
    if kind == STRING:
        size, pos = read_uint(data, pos)
        length = text_length(data, pos, pos + size)
        pos += size
    else:
        length, pos = read_content(data, pos, kind)
    return Struct(client, clock, length, kind, anchor, inside), pos


def _read_id(data: bytes, pos: int) -> tuple[tuple[int, int], int]:
    client, pos = read_uint(data, pos)
    clock, pos = read_uint(data, pos)
    return (client, clock), pos
