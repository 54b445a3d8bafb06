"""A strict reader of the Yjs v1 update format: the ids that an update inserts, needs and deletes.

It builds no structs. It walks over the bytes once, refuses bytes that no honest client writes, and
returns the header that the causal gate (``apps.crdt.engine.causal_gate``) needs. Every update is
read before it reaches the engine, which trusts its input more than a server may (ADR 0001).

The format: https://github.com/yjs/yjs/blob/v13.6.33/src/utils/encoding.js
"""

import re
from typing import Final, NamedTuple

from apps.crdt.codec.contents import (
    ANY,
    DELETED,
    EMBED,
    FORMAT,
    MAP,
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
from apps.crdt.codec.structs import (
    GAPS,
    HAS_BOTH_ORIGINS,
    HAS_LEFT_ORIGIN,
    HAS_PARENT_KEY,
    HAS_RIGHT_ORIGIN,
    KIND_MASK,
    SKIP,
    iter_structs,
)
from apps.crdt.codec.update_checks import Link, check_keyed_runs, check_order
from apps.crdt.codec.vectors import Vector

#: The engine counts clocks in 32 bits, and silently truncates larger ones.
MAX_CLOCK: Final = 2**32 - 1
#: How many clocks an update may bring as garbage collected or deleted content, whose length no
#: bytes back. Threat: a few bytes that claim the clocks that another client would write next. An
#: honest client collects at most what was once inserted, and a document of 12 MiB
#: (``document_bytes``) has at most 12.6 million characters.
MAX_UNBACKED_CLOCKS: Final = 2**24

#: Values in one update that are usual. Threat: values that continue each other. The engine joins
#: them one by one, each time with all that follow, so that 5,000 take 600 MB.
MAX_USUAL_VALUES: Final = 500
#: In place of the clock of an id that is another client's; no clock is before it.
_NOT_OWN: Final = -2

#: A character of two UTF-16 units, in UTF-8.
_PAIR_BYTES: Final = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")

#: Content that Yjs never writes under a key: values of a map and attributes are "any" values,
#: bytes and shared types.
NEVER_KEYED: Final = frozenset({STRING, EMBED, FORMAT})


class UpdateHeader(NamedTuple):
    """The ids that an update inserts, needs and deletes.

    ``ranges``: client to the id ranges ``(first, end)`` that it inserts, in order; more than one
    where a merged update leaves a gap (a Skip struct).
    ``needs``: client to the number of its clocks that must be known before, because of origins,
    parents, deletes, and clocks that precede a range; without the update's own clocks.
    ``deletes``: client to the id ranges ``(clock, length)`` that it deletes.
    ``size``: bytes of the update. ``types``: the number of shared types (elements, texts, maps,
    arrays) that it creates. ``typed``: its client, first clock, end and right origin
    (as it is written, empty for none), if it inserts nothing but strings of one client, each one
    behind that client's character before it, and all with one right origin.
    ``is_unusual``: whether it has what our page never writes, embeds, keys outside of elements and
    hundreds of values, so that a child process tries it first (``apps.crdt.analysis.rehearsal``).
    ``values``: the number of values of lists, maps and attributes. ``structs``: the number of
    structs and of id ranges in ``deletes``. ``has_pairs``: whether a string has characters of two
    UTF-16 units; ``is_backward``: whether an item has one id as both origins or, in what is not
    typed, a left origin that its client wrote after the right one
    (``apps.crdt.ids.surrogate_pairs``).
    """

    ranges: dict[int, tuple[tuple[int, int], ...]]
    needs: Vector
    deletes: dict[int, tuple[tuple[int, int], ...]]
    size: int
    types: int = 0
    typed: tuple[int, int, int, bytes] | None = None
    is_unusual: bool = False
    values: int = 0
    structs: int = 0
    has_pairs: bool = False
    is_backward: bool = False

    def end_vector(self) -> Vector:
        """Return client to the end of the last id range that the update inserts."""
        return {client: runs[-1][1] for client, runs in self.ranges.items()}


class _Walk:
    """The state of one walk over an update."""

    __slots__ = (
        "at",
        "client",
        "data",
        "has_pairs",
        "is_backward",
        "is_doubled",
        "is_state",
        "is_typed",
        "is_unusual",
        "keyed_runs",
        "links",
        "needs",
        "own",
        "right",
        "structs",
        "types",
        "unbacked",
        "values",
    )

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.is_state = False
        self.needs: Vector = {}
        self.types = 0
        self.is_unusual = False
        self.has_pairs = False
        self.is_doubled = False
        self.is_backward = False
        self.values = 0
        self.structs = 0
        self.is_typed = True
        #: Clock of the id that was read last, ``_NOT_OWN`` if it is another client's.
        self.at = _NOT_OWN
        #: The right origin of the strings so far, as it is written; None before the first one.
        self.right: bytes | None = None
        #: Clocks of garbage collected and of deleted content.
        self.unbacked = 0
        #: Values of several clocks under a key: client, first clock, end.
        self.keyed_runs: list[tuple[int, int, int]] = []
        #: References between clients; None if the update has only one client.
        self.links: list[Link] | None = None
        #: The client whose structs are being read, and its encoded number.
        self.client = 0
        self.own = b""


def read_update(update: bytes) -> UpdateHeader:
    """Read the whole of ``update``, strictly; raise MalformedUpdateError.

    A whole state is read with ``read_state``: it may have what no update may bring.
    """
    return _read(_Walk(update))


def read_state(state: bytes) -> UpdateHeader:
    """Read a whole state, as ``read_update`` reads an update.

    It may have any number of garbage collected clocks, and empty texts, which the engine writes
    where an edit was inside a surrogate pair (ADR 0001).
    """
    walk = _Walk(state)
    walk.is_state = True
    return _read(walk)


def _read(walk: _Walk) -> UpdateHeader:
    update = walk.data
    try:
        ranges, pos = _read_structs(walk)
        deletes, pos = _read_deletes(walk, pos)
    except IndexError:
        raise MalformedUpdateError("The update ends too early.") from None
    except DecodeError as err:
        raise MalformedUpdateError(err.message) from None
    if pos != len(update):
        refuse("The update has bytes after its end.")
    if walk.unbacked > MAX_UNBACKED_CLOCKS and not walk.is_state:
        refuse("The update has more deleted clocks than an update may bring.")
    if walk.keyed_runs:
        check_keyed_runs(walk.keyed_runs, deletes)
    needs = walk.needs
    for client, runs in ranges.items():
        first, end = runs[-1]
        need = needs.get(client, 0)
        if need <= end:
            if first:
                needs[client] = first
            elif need:
                del needs[client]
    typed = (walk.client, first, end, walk.right or b"") if walk.is_typed and ranges else None
    is_unusual = walk.is_unusual or walk.values > MAX_USUAL_VALUES
    return UpdateHeader(
        ranges,
        needs,
        deletes,
        len(update),
        walk.types,
        typed,
        is_unusual,
        walk.values,
        walk.structs,
        walk.has_pairs,
        walk.is_doubled or (walk.is_backward and typed is None),
    )


def _read_structs(walk: _Walk) -> tuple[dict[int, tuple[tuple[int, int], ...]], int]:
    data = walk.data
    ranges: dict[int, tuple[tuple[int, int], ...]] = {}
    clients, pos = read_uint(data, 0)
    if clients * 4 > len(data):
        refuse("The update declares more clients than its bytes can have.")
    if clients > 1:
        walk.links = []
        walk.is_typed = False
    for _ in range(clients):
        structs, pos = read_uint(data, pos)
        if not structs or structs * 2 > len(data) - pos:
            refuse("The update declares more structs than its bytes can have, or none.")
        walk.structs += structs
        start = pos
        client, pos = read_uint(data, pos)
        if client in ranges:
            refuse("The update has a client twice.")
        walk.client = client
        walk.own = data[start:pos]
        ranges[client], pos = _read_client(walk, pos, structs)
    if walk.links:
        check_order(ranges, walk.links)
    return ranges, pos


def _read_client(  # noqa: C901 - the hot path: one walk, with as few calls as possible
    walk: _Walk, pos: int, structs: int
) -> tuple[tuple[tuple[int, int], ...], int]:
    """Read the structs of one client; return its id ranges."""
    data = walk.data
    clock, pos = read_uint(data, pos)
    first = clock
    runs: list[tuple[int, int]] = []
    left = _NOT_OWN
    for _ in range(structs):
        info = data[pos]
        pos += 1
        if info in GAPS:
            walk.is_typed = False
            length, pos = read_uint(data, pos)
            if info == SKIP:
                if clock > first:
                    runs.append((first, clock))
                first = clock + length
            else:
                walk.unbacked += length
        else:
            if info < HAS_RIGHT_ORIGIN:
                pos = _read_parent(walk, pos, info, clock)
            else:
                left_start = pos
                pos = _read_reference(walk, pos, clock)
                left = walk.at
                right_start = pos
                if info >= HAS_BOTH_ORIGINS:
                    pos = _read_reference(walk, pos, clock)
                    if data[left_start:right_start] == data[right_start:pos]:
                        walk.is_doubled = True
                    elif _NOT_OWN < walk.at < left:
                        walk.is_backward = True
            kind = info & KIND_MASK
            if kind == STRING:
                if left != clock - 1 or info < HAS_LEFT_ORIGIN:
                    walk.is_typed = False
                elif walk.is_typed:
                    right = data[right_start:pos]
                    if walk.right is None:
                        walk.right = right
                    walk.is_typed = walk.right == right
                size, pos = read_uint(data, pos)
                length = text_length(data, pos, pos + size)
                if length != size and _PAIR_BYTES.search(data, pos, pos + size):
                    walk.has_pairs = True
                pos += size
            else:
                walk.is_typed = False
                content_start = pos
                length, pos = read_content(data, pos, kind)
                if kind == TYPE:
                    walk.types += 1
                    if data[content_start] == MAP:
                        walk.is_unusual = True
                elif kind == EMBED:
                    walk.is_unusual = True
                elif kind == DELETED:
                    walk.unbacked += length
                elif kind == ANY:
                    walk.values += length
                    if length > 1 and info & HAS_PARENT_KEY:
                        walk.keyed_runs.append((walk.client, clock, clock + length))
            if info & HAS_PARENT_KEY and kind in NEVER_KEYED:
                refuse("The update has text under a key.")
        if not length and not (walk.is_state and info & KIND_MASK == STRING):
            refuse("The update has an empty struct.")
        clock += length
        if clock > MAX_CLOCK:
            refuse("The update has a clock that is too high.")
    if clock == first:
        refuse("The update ends with a gap.")
    runs.append((first, clock))
    return tuple(runs), pos


def _read_reference(walk: _Walk, pos: int, clock: int) -> int:
    """Read the id of another struct and add it to the needs; return the position behind it.

    Nearly every reference is to the client's own text. Comparing bytes keeps those cheap.
    """
    data = walk.data
    own = walk.own
    if data.startswith(own, pos):
        at, pos = read_uint(data, pos + len(own))
        if at >= clock:
            refuse("A struct refers to a later one of its own client.")
        walk.at = at
        return pos
    walk.at = _NOT_OWN
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
    """Read the parent of an item without origins: a root type or another item."""
    is_root = walk.data[pos]
    pos += 1
    if is_root == 1:
        pos = skip_text(walk.data, pos)
    elif is_root == 0:
        pos = _read_reference(walk, pos, clock)
    else:
        refuse("A struct has a parent of an unknown kind.")
    if info & HAS_PARENT_KEY:
        pos = skip_text(walk.data, pos)
        if is_root:
            walk.is_unusual = True
    return pos


def _read_deletes(walk: _Walk, pos: int) -> tuple[dict[int, tuple[tuple[int, int], ...]], int]:
    data = walk.data
    needs = walk.needs
    deletes: dict[int, tuple[tuple[int, int], ...]] = {}
    clients, pos = read_uint(data, pos)
    if clients * 2 > len(data) - pos:
        refuse("The update declares deletes of more clients than its bytes can have.")
    for _ in range(clients):
        client, pos = read_uint(data, pos)
        if client in deletes:
            refuse("The update has the deletes of a client twice.")
        count, pos = read_uint(data, pos)
        if count * 2 > len(data) - pos:
            refuse("The update declares more deletes than its bytes can have.")
        walk.structs += count
        runs = []
        highest = 0
        for _ in range(count):
            clock, pos = read_uint(data, pos)
            length, pos = read_uint(data, pos)
            if not length or clock + length > MAX_CLOCK:
                refuse("The update has an empty delete, or a delete at too high a clock.")
            runs.append((clock, length))
            highest = max(highest, clock + length)
        deletes[client] = tuple(runs)
        if needs.get(client, 0) < highest:
            needs[client] = highest
    return deletes, pos


def inserted_text(update: bytes) -> str:
    """Return the text that an update inserts, its strings joined; empty if it is malformed."""
    try:
        read_update(update)
    except MalformedUpdateError:
        return ""
    return "".join(struct.text for struct in iter_structs(update))
