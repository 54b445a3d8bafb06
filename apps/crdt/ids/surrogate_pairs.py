"""Characters of two UTF-16 units in a document, and updates that would stand inside one.

Yjs counts UTF-16 units, so the ids of a client may separate the halves of an emoji: a stock client
deletes one half, or writes between them. Yjs then shows two replacement characters; the engine
counts ids in another way from there on, and its states lose what follows (ADR 0001). So an update
is straightened before it is stored: a character is deleted as a whole, and what stands inside one
stands before it (ADR 0017).

An item whose two origins are one and the same, or whose right one stands before its left one, is
straightened as well: Yjs writes it where it redoes what was deleted with its parent
(https://github.com/yjs/yjs/issues/794). The place of such an item depends on how the text before it
is cut into structs, which changes with each encoding. Yjs writes what it redoes in one update, so
that the order of the two origins is seen in it.
"""

import re
from array import array
from bisect import bisect_left
from typing import Final, NamedTuple, Self

from apps.crdt.codec.contents import STRING, read_uint, refuse
from apps.crdt.codec.lib0 import write_var_uint
from apps.crdt.codec.structs import (
    HAS_BOTH_ORIGINS,
    HAS_LEFT_ORIGIN,
    HAS_PARENT_KEY,
    HAS_RIGHT_ORIGIN,
    KIND_MASK,
    Id,
    RawStruct,
    iter_structs,
)
from apps.crdt.codec.update_reader import UpdateHeader
from apps.crdt.codec.vectors import Clocks, Vector
from apps.crdt.ids.left_chains import LeftChains

#: A character of two units in UTF-8, and in text. Bytes that are no text may match the first one.
_PAIR_BYTES: Final = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_PAIR: Final = re.compile("[\U00010000-\U0010ffff]")
#: The upper byte of a pair's first unit.
_FIRST_HALF: Final = range(0xD8, 0xDC)


class _Pairs:
    """The pairs of one client: the clocks of first halves, in order.

    ``heads`` has those with which a struct begins, with the left origin of the struct.
    """

    __slots__ = ("end", "firsts", "heads")

    def __init__(self) -> None:
        self.firsts = array("Q")
        self.heads: dict[int, Id | None] = {}
        #: The end of the clocks that were read.
        self.end = 0

    def has(self, clock: int) -> bool:
        """Return whether a pair begins at a clock."""
        index = bisect_left(self.firsts, clock)
        return index < len(self.firsts) and self.firsts[index] == clock


class SurrogatePairs:
    """The pairs of one document, by client; over a ``base``, which is only read, also of that."""

    def __init__(self, base: "SurrogatePairs | None" = None) -> None:
        self._clients: dict[int, _Pairs] = {}
        self._base = base

    @classmethod
    def of_state(cls, state: bytes, vector: Vector) -> Self:
        """Return the pairs of a state; most have none, which a search in the bytes shows.

        A state whose ids are not those of ``vector``, because a character was cut before this
        answer, has none that can be known.
        """
        pairs = cls()
        if not _PAIR_BYTES.search(state):
            return pairs
        ends: Vector = {}
        for struct in iter_structs(state):
            ends[struct.client] = struct.clock + struct.length
            if struct.kind == STRING:
                pairs._add(struct)
        return pairs if ends == vector else cls()

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._clients or self._base)

    def has(self, id_: Id) -> bool:
        """Return whether a pair begins at an id."""
        pairs = self._clients.get(id_[0])
        if pairs is not None and pairs.has(id_[1]):
            return True
        return self._base is not None and self._base.has(id_)

    def before(self, id_: Id) -> Id | None:
        """Return what was before a pair when it was written; None for the start of its parent.

        A pair that was written inside another one stands before that, too.
        """
        inside: list[tuple[dict[int, Id | None], int]] = []
        left: Id | None = id_
        while left is not None and self.has(left):
            client, clock = left
            heads = self.heads_of(left)
            if clock in heads:
                inside.append((heads, clock))
                left = heads[clock]
            else:
                left = (client, clock - 1)
        for heads, clock in inside:  # so that a long chain is followed once
            heads[clock] = left
        return left

    def heads_of(self, id_: Id) -> dict[int, Id | None]:
        """Return the ``heads`` of the client of a pair."""
        pairs = self._clients.get(id_[0])
        if pairs is not None and pairs.has(id_[1]):
            return pairs.heads
        assert self._base is not None  # noqa: S101 - the caller has found the pair
        return self._base.heads_of(id_)

    def add(self, update: bytes) -> None:
        """Add the pairs of an update."""
        for struct in iter_structs(update):
            if struct.kind == STRING:
                self._add(struct)

    def _add(self, struct: RawStruct) -> None:
        raw = struct.content
        if raw.isascii() or not _PAIR_BYTES.search(raw):
            return
        pairs = self._clients.setdefault(struct.client, _Pairs())
        for number, found in enumerate(_PAIR.finditer(struct.text)):
            clock = struct.clock + found.start() + number
            if clock < pairs.end:
                continue
            if clock == struct.clock:
                pairs.heads[clock] = struct.origins[0]
            pairs.firsts.append(clock)
        pairs.end = max(pairs.end, struct.clock + struct.length)


def straightened(
    update: bytes, header: UpdateHeader, pairs: SurrogatePairs, vector: Clocks
) -> bytes:
    """Return an update as it is to be stored; the same one where there is nothing to straighten.

    ``pairs`` are those of the document, and ``vector`` is its vector. The update's own pairs are to
    be added once it is admitted: another one may claim its ids otherwise. Raises
    ``MalformedUpdateError`` for a text that is known up to the middle of a pair.
    """
    if header.has_pairs:
        pairs = SurrogatePairs(pairs)
        pairs.add(update)
        _check_known_end(update, vector)
    if not (pairs or header.is_backward):
        return update
    out = _structs_straightened(update, pairs)
    deletes = _deletes_straightened(header, pairs) if pairs else None
    if out is None and deletes is None:
        return update
    return (out or update[: _structs_end(update)]) + (deletes or update[_structs_end(update) :])


def _check_known_end(update: bytes, vector: Clocks) -> None:
    for struct in iter_structs(update):
        known = vector.get(struct.client, 0) - struct.clock
        if struct.kind == STRING and 0 < known < struct.length:
            upper_byte = struct.text.encode("utf-16-le")[2 * known - 1]
            if upper_byte in _FIRST_HALF:
                refuse("A text is known up to the middle of a character.")


class _Origins(NamedTuple):
    left: Id | None
    right: Id | None


_NO_ORIGINS: Final = _Origins(None, None)


def _origins_straightened(origins: _Origins, pairs: SurrogatePairs, chains: LeftChains) -> _Origins:
    left, right = origins
    if right is not None and right[1] and pairs.has((right[0], right[1] - 1)):
        right = (right[0], right[1] - 1)
    if left is not None and pairs.has(left):
        left, right = pairs.before(left), left if right is None else right
    if left is not None and right is not None and left[0] == right[0] and right[1] <= left[1]:
        right = None if left == right or chains.reaches(left, right) else right
    return _Origins(left, right)


def _structs_straightened(update: bytes, pairs: SurrogatePairs) -> bytes | None:
    """Return the structs of an update with other origins; None where all stay as they are."""
    sections: list[tuple[int, int, list[bytes]]] = []
    chains = LeftChains(update)
    #: The info bytes of what may change: without pairs, of items with both origins.
    fewest = HAS_RIGHT_ORIGIN if pairs else HAS_BOTH_ORIGINS
    is_changed = False
    for struct in iter_structs(update):
        if not sections or sections[-1][0] != struct.client:
            sections.append((struct.client, struct.clock, []))
        straight = origins = _NO_ORIGINS
        if update[struct.start] >= fewest:
            origins = _Origins(*struct.origins)
            straight = _origins_straightened(origins, pairs, chains)
        if straight == origins:
            sections[-1][2].append(update[struct.start : struct.end])
        else:
            is_changed = True
            sections[-1][2].append(_with_origins(struct, straight))
    if not is_changed:
        return None
    out = bytearray()
    write_var_uint(out, len(sections))
    for client, clock, pieces in sections:
        write_var_uint(out, len(pieces))
        write_var_uint(out, client)
        write_var_uint(out, clock)
        out += b"".join(pieces)
    return bytes(out)


def _with_origins(struct: RawStruct, origins: _Origins) -> bytes:
    """Return a struct with other origins; at least one of them is set."""
    info = struct.update[struct.start] & (KIND_MASK | HAS_PARENT_KEY)
    info |= HAS_LEFT_ORIGIN * (origins.left is not None)
    info |= HAS_RIGHT_ORIGIN * (origins.right is not None)
    out = bytearray((info,))
    for origin in origins:
        if origin is not None:
            write_var_uint(out, origin[0])
            write_var_uint(out, origin[1])
    return bytes(out) + struct.content


def _deletes_straightened(header: UpdateHeader, pairs: SurrogatePairs) -> bytes | None:
    """Return the deletes of an update with whole pairs; None where they have them."""
    is_changed = False
    out = bytearray()
    write_var_uint(out, len(header.deletes))
    for client, ranges in header.deletes.items():
        write_var_uint(out, client)
        write_var_uint(out, len(ranges))
        for clock, length in ranges:
            first, end = clock, clock + length
            first -= bool(first) and pairs.has((client, first - 1))
            end += pairs.has((client, end - 1))
            is_changed = is_changed or (first, end) != (clock, clock + length)
            write_var_uint(out, first)
            write_var_uint(out, end - first)
    return bytes(out) if is_changed else None


def _structs_end(update: bytes) -> int:
    """Return the position of the deletes of an update."""
    end = read_uint(update, 0)[1]
    for struct in iter_structs(update):
        end = struct.end
    return end
