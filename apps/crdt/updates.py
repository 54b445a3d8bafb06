"""A strict reader of the Yjs v1 update format: what an update brings, needs and deletes.

It builds no structs. It walks over the bytes once, refuses what no honest client writes, and
keeps what the causal gate (``apps.crdt.gate``) judges by. Nothing reaches the engine unread:
the engine trusts its input more than a server may (ADR 0001).

The format: https://github.com/yjs/yjs/blob/v13.6.33/src/utils/encoding.js
"""

import json
from heapq import heappop, heappush
from typing import Final, NamedTuple, NoReturn

from apps.core.errors import InvalidInputError
from apps.crdt.lib0 import DecodeError, read_long_uint
from apps.crdt.vectors import Vector

#: How deep values inside an update may nest; the engine recurses on them.
MAX_DEPTH: Final = 64
#: The engine counts clocks in 32 bits.
MAX_CLOCK: Final = 2**32 - 1

#: Info byte of a struct: the lowest five bits say what it is, the others what follows.
_GC: Final = 0
_SKIP: Final = 10
_GAPS: Final = (_GC, _SKIP)
_DELETED: Final = 1
_JSON: Final = 2
_BINARY: Final = 3
_STRING: Final = 4
_EMBED: Final = 5
_FORMAT: Final = 6
_TYPE: Final = 7
_ANY: Final = 8
_SUBDOCUMENT: Final = 9
_HAS_PARENT_KEY: Final = 32
_HAS_RIGHT_ORIGIN: Final = 64
_HAS_ORIGIN: Final = 128

#: Shared types: array, map, text, XML element, fragment, hook, text; two have a name.
_LAST_TYPE: Final = 6
_NAMED_TYPES: Final = (3, 5)

#: JSON texts that need no parser.
_PLAIN_JSON: Final = frozenset({b"true", b"false", b"null", b"{}", b'""'})


class MalformedUpdateError(InvalidInputError):
    """The bytes are not an update that an honest client would send."""

    code = "malformed"


class UpdateHeader(NamedTuple):
    """What is to be known of an update before it may be applied.

    ``ranges``: client to the runs of clocks ``(first, end)`` that it brings, in order; more than
    one where a merged update leaves a gap (a Skip struct).
    ``needs``: client to the number of its clocks that must be known before, by origins, parents,
    deletes and the clocks that precede a run; without what the update itself brings.
    ``deletes``: client to ``(clock, length)`` runs that it deletes.
    ``size``: bytes of the update.
    """

    ranges: dict[int, tuple[tuple[int, int], ...]]
    needs: Vector
    deletes: dict[int, tuple[tuple[int, int], ...]]
    size: int

    def end_vector(self) -> Vector:
        """Return client to the highest clock end that the update brings."""
        return {client: runs[-1][1] for client, runs in self.ranges.items()}


#: A struct of one client that needs one of another: client, clock, other client, its clock end.
_Link = tuple[int, int, int, int]


def read_update(update: bytes) -> UpdateHeader:
    """Read the whole of ``update``, strictly; raise MalformedUpdateError."""
    try:
        needs: Vector = {}
        ranges, pos = _read_structs(update, needs)
        deletes, pos = _read_deletes(update, pos, needs)
    except IndexError:
        raise MalformedUpdateError("The update ends too early.") from None
    except DecodeError as err:
        raise MalformedUpdateError(err.message) from None
    if pos != len(update):
        _refuse("The update has bytes behind its end.")
    for client, runs in ranges.items():
        if client in needs and needs[client] <= runs[-1][1]:
            del needs[client]
        first = runs[-1][0]
        if first and needs.get(client, 0) < first:
            needs[client] = first
    return UpdateHeader(ranges, needs, deletes, len(update))


def _refuse(message: str) -> NoReturn:
    raise MalformedUpdateError(message)


def _uint(data: bytes, pos: int) -> tuple[int, int]:
    number = data[pos]
    pos += 1
    if number > 127:
        return read_long_uint(data, pos, number)
    return number, pos


def _read_structs(data: bytes, needs: Vector) -> tuple[dict[int, tuple[tuple[int, int], ...]], int]:
    ranges: dict[int, tuple[tuple[int, int], ...]] = {}
    clients, pos = _uint(data, 0)
    if clients * 4 > len(data):
        _refuse("The update names more clients than it has room for.")
    links: list[_Link] | None = [] if clients > 1 else None
    for _ in range(clients):
        structs, pos = _uint(data, pos)
        if not structs or structs * 2 > len(data) - pos:
            _refuse("The update names more structs than it has room for, or none.")
        start = pos
        client, pos = _uint(data, pos)
        if client in ranges:
            _refuse("The update names a client twice.")
        runs, pos = _read_client(data, pos, structs, client, data[start:pos], needs, links)
        if runs:
            ranges[client] = runs
    if links:
        _check_order(ranges, links)
    return ranges, pos


def _read_client(  # noqa: C901 - the hot path: one walk, as few calls as can be
    data: bytes,
    pos: int,
    structs: int,
    client: int,
    own: bytes,
    needs: Vector,
    links: list[_Link] | None,
) -> tuple[tuple[tuple[int, int], ...], int]:
    """Read the structs of one client; ``own`` is its id as it is written."""
    clock, pos = _uint(data, pos)
    first = clock
    runs: list[tuple[int, int]] = []
    for _ in range(structs):
        info = data[pos]
        pos += 1
        kind = info & 31
        if info in _GAPS:
            length, pos = _uint(data, pos)
            if info == _SKIP:
                if clock > first:
                    runs.append((first, clock))
                first = clock + length
        else:
            if info >= _HAS_RIGHT_ORIGIN:
                if info & _HAS_ORIGIN:
                    pos = _read_reference(data, pos, client, clock, own, needs, links)
                if info & _HAS_RIGHT_ORIGIN:
                    pos = _read_reference(data, pos, client, clock, own, needs, links)
            else:
                pos = _read_parent(data, pos, info, client, clock, own, needs, links)
            if kind == _STRING:
                size, pos = _uint(data, pos)
                length = _text_length(data, pos, pos + size)
                pos += size
            else:
                length, pos = _read_content(data, pos, kind)
        if not length:
            _refuse("The update has an empty struct.")
        clock += length
        if clock > MAX_CLOCK:
            _refuse("The update has a clock that is too high.")
    if clock > first:
        runs.append((first, clock))
    return tuple(runs), pos


def _read_reference(
    data: bytes,
    pos: int,
    client: int,
    clock: int,
    own: bytes,
    needs: Vector,
    links: list[_Link] | None,
) -> int:
    """Read the id of another struct and note it as a need; return the position behind it.

    Nearly every reference is to the writer's own text; comparing its bytes keeps those cheap.
    """
    if data.startswith(own, pos):
        at, pos = _uint(data, pos + len(own))
        if at >= clock:
            _refuse("A struct refers to a later one of its own client.")
        return pos
    other, pos = _uint(data, pos)
    at, pos = _uint(data, pos)
    if needs.get(other, 0) <= at:
        needs[other] = at + 1
    if links is not None:
        links.append((client, clock, other, at + 1))
    return pos


def _read_parent(
    data: bytes,
    pos: int,
    info: int,
    client: int,
    clock: int,
    own: bytes,
    needs: Vector,
    links: list[_Link] | None,
) -> int:
    is_root = data[pos]
    pos += 1
    if is_root == 1:
        pos = _skip_text(data, pos)
    elif is_root == 0:
        pos = _read_reference(data, pos, client, clock, own, needs, links)
    else:
        _refuse("A struct has a parent of an unknown kind.")
    if info & _HAS_PARENT_KEY:
        pos = _skip_text(data, pos)
    return pos


def _text_length(data: bytes, pos: int, end: int) -> int:
    """Return the length in UTF-16 units, which is how Yjs counts."""
    if end > len(data):
        _refuse("The update ends too early.")
    raw = data[pos:end]
    if raw.isascii():
        return end - pos
    try:
        return len(raw.decode().encode("utf-16-le")) // 2
    except UnicodeDecodeError:
        _refuse("A text is not UTF-8.")


def _skip_text(data: bytes, pos: int) -> int:
    size, pos = _uint(data, pos)
    end = pos + size
    _text_length(data, pos, end)
    return end


def _skip_json(data: bytes, pos: int) -> int:
    """Pass a JSON text; Yjs clients would break on one that is not."""
    size, pos = _uint(data, pos)
    end = pos + size
    if end > len(data):
        _refuse("The update ends too early.")
    raw = data[pos:end]
    if raw not in _PLAIN_JSON:
        check_json(raw)
    return end


def check_json(raw: bytes) -> None:
    """Refuse what is not JSON, or nests too deep for the engine."""
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        depth = deepest = 0
        inside = False
        text = iter(raw)
        for byte in text:
            if inside:
                if byte == 92:  # a backslash: the next one is escaped
                    next(text, None)
                inside = byte != 34
            elif byte == 34:  # a quotation mark
                inside = True
            elif byte in b"[{":
                depth += 1
                deepest = max(deepest, depth)
            elif byte in b"]}":
                depth -= 1
        if deepest > MAX_DEPTH:
            _refuse("A value nests too deep.")
    try:
        json.loads(raw.decode(), parse_constant=_refuse)
    except ValueError:
        _refuse("A value is not JSON.")


def _read_content(data: bytes, pos: int, kind: int) -> tuple[int, int]:
    """Pass the content of an item that is not text; return its length in clocks."""
    if kind == _FORMAT:
        return 1, _skip_json(data, _skip_text(data, pos))
    if kind == _TYPE:
        return 1, _skip_type(data, pos)
    if kind == _ANY:
        length, pos = _uint(data, pos)
        return length, _skip_any(data, pos, length)
    if kind == _DELETED:
        return _uint(data, pos)
    if kind == _EMBED:
        return 1, _skip_json(data, pos)
    if kind == _BINARY:
        return 1, _skip_bytes(data, pos)
    if kind == _JSON:
        return _skip_json_list(data, pos)
    if kind == _SUBDOCUMENT:
        _refuse("Documents inside documents are not supported.")
    _refuse("The update has content of an unknown kind.")


def _skip_bytes(data: bytes, pos: int) -> int:
    size, pos = _uint(data, pos)
    if pos + size > len(data):
        _refuse("The update ends too early.")
    return pos + size


def _skip_type(data: bytes, pos: int) -> int:
    kind, pos = _uint(data, pos)
    if kind > _LAST_TYPE:
        _refuse("The update has a shared type of an unknown kind.")
    return _skip_text(data, pos) if kind in _NAMED_TYPES else pos


def _skip_json_list(data: bytes, pos: int) -> tuple[int, int]:
    length, pos = _uint(data, pos)
    for _ in range(length):
        size, start = _uint(data, pos)
        undefined = data[start : start + size] == b"undefined"
        pos = start + size if undefined else _skip_json(data, pos)
    return length, pos


def _skip_any(data: bytes, pos: int, count: int, depth: int = 1) -> int:
    """Pass ``count`` lib0 "any" values."""
    if depth > MAX_DEPTH:
        _refuse("A value nests too deep.")
    for _ in range(count):
        kind = data[pos]
        pos += 1
        if kind == 119:
            pos = _skip_text(data, pos)
        elif kind == 125:
            pos = _skip_integer(data, pos)
        elif kind in _FIXED_SIZES:
            pos += _FIXED_SIZES[kind]
            if pos > len(data):
                _refuse("The update ends too early.")
        elif kind in (117, 118):
            pos = _skip_container(data, pos, keyed=kind == 118, depth=depth + 1)
        elif kind == 116:
            pos = _skip_bytes(data, pos)
        else:
            _refuse("A value is of an unknown kind.")
    return pos


def _skip_container(data: bytes, pos: int, *, keyed: bool, depth: int) -> int:
    """Pass an "any" array, or an object when ``keyed``."""
    count, pos = _uint(data, pos)
    if not keyed:
        return _skip_any(data, pos, count, depth)
    for _ in range(count):
        pos = _skip_any(data, _skip_text(data, pos), 1, depth)
    return pos


#: Of the "any" values: undefined, null, float32, float64, bigint, false, true.
_FIXED_SIZES: Final = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}


def _skip_integer(data: bytes, pos: int) -> int:
    """Pass a signed integer: six bits in the first byte, seven in each other, at most 53."""
    start = pos
    while data[pos] > 127:
        pos += 1
    size = pos + 1 - start
    if size > 8 or (size == 8 and data[pos] > 31):
        _refuse("An integer has more than 53 bits.")
    if size > 1 and not data[pos]:
        _refuse("An integer is written longer than needed.")
    return pos + 1


def _read_deletes(
    data: bytes, pos: int, needs: Vector
) -> tuple[dict[int, tuple[tuple[int, int], ...]], int]:
    deletes: dict[int, tuple[tuple[int, int], ...]] = {}
    clients, pos = _uint(data, pos)
    if clients * 2 > len(data) - pos:
        _refuse("The update deletes from more clients than it has room for.")
    for _ in range(clients):
        client, pos = _uint(data, pos)
        if client in deletes:
            _refuse("The update deletes from a client twice.")
        count, pos = _uint(data, pos)
        if count * 2 > len(data) - pos:
            _refuse("The update has more deletes than it has room for.")
        runs = []
        highest = 0
        for _ in range(count):
            clock, pos = _uint(data, pos)
            length, pos = _uint(data, pos)
            if not length or clock + length > MAX_CLOCK:
                _refuse("The update deletes nothing, or at too high a clock.")
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
        _refuse("The update's structs wait for each other.")


def _reached(client: int, inner: dict[int, list[_Link]], position: dict[int, int]) -> int:
    """Return the clock up to which a client's structs wait for nothing in the update."""
    own = inner.get(client)
    if own is None or position[client] == len(own):
        return MAX_CLOCK
    return own[position[client]][1]
