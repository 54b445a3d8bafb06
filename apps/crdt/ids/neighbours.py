"""Origins of content: whether the two neighbours that an item names have ever been neighbours.

Yjs writes an item between two that are beside each other on its author's page. Of two such items L
and R, L is the left origin of R, or R is the right origin of L; or both were written at one time
between the same two, and then the lower client id stands first. Origins that are neither may stand
in any order, or far apart, and then the place of the item changes with the order in which the
structs of a document are loaded (ADR 0017).

An entry of the index is a run of content, each behind the one before it and with one right origin,
as typed text is. It has 12 bytes: ids are compared by 32 bits of a hash that nobody can foresee.

The rules of placement: https://github.com/yjs/yjs/blob/v13.6.33/src/structs/Item.js (``integrate``)
"""

import secrets
from array import array
from bisect import bisect_right
from typing import Final, NamedTuple

from apps.crdt.codec.structs import GC, Id
from apps.crdt.ids.placement import Placement

#: In place of the hash of an id: of no id, and of garbage collected clocks, which have no origins.
_NONE: Final = 0
_COLLECTED: Final = 1
#: In place of the right origin of a run without origins, which has its parent's hash as the left.
_FIRST: Final = 2
#: Universal hashing (Carter and Wegman, 1979): who does not know the factors cannot choose two ids
#: with one hash. Python's own hash of numbers has no secret.
_PRIME: Final = 2**61 - 1
_CLIENT_FACTOR: Final = secrets.randbelow(_PRIME - 1) + 1
_CLOCK_FACTOR: Final = secrets.randbelow(_PRIME - 1) + 1
_MASK: Final = 2**32 - 1


class _Origins(NamedTuple):
    """The hashes of an item's origins."""

    left: int
    right: int


#: The origins of an item without any.
_END: Final = _Origins(_NONE, _NONE)
_UNKNOWN: Final = _Origins(_COLLECTED, _COLLECTED)


def _hash(id_: Id | None) -> int:
    if id_ is None:
        return _NONE
    client, clock = id_
    return max((client * _CLIENT_FACTOR + clock * _CLOCK_FACTOR) % _PRIME & _MASK, _FIRST + 1)


def _hash_of_parent(placement: Placement) -> int:
    """Return the hash of the parent that a struct names; other roots than the content's are one."""
    return _hash(placement.parent or (-1, int(placement.in_content)))


class _Runs:
    """The runs of one client: first clocks, and hashes of the origins."""

    __slots__ = ("lefts", "rights", "starts")

    def __init__(self) -> None:
        self.starts = array("I")
        self.lefts = array("I")
        self.rights = array("I")

    def add(self, clock: int, left: int, right: int) -> None:
        self.starts.append(clock)
        self.lefts.append(left)
        self.rights.append(right)


class OriginIndex:
    """The origins of a document's items; over a ``base``, which is only read, also of that."""

    __slots__ = ("_base", "_clients")

    def __init__(self, base: "OriginIndex | None" = None) -> None:
        self._clients: dict[int, _Runs] = {}
        self._base = base

    def add(self, placement: Placement) -> None:
        """Add a struct, whose client has no later one in the index."""
        client, clock = placement.client, placement.clock
        left = placement.left
        right = placement.right_origin
        runs = self._clients.get(client)
        if runs is None:
            runs = self._clients[client] = _Runs()
        elif left == (client, clock - 1):
            last = runs.rights[-1]
            if last == _hash(right) or (last == _FIRST and right is None):
                return
        if placement.kind == GC:
            runs.add(clock, _COLLECTED, _COLLECTED)
        elif left is None and right is None:
            runs.add(clock, _hash_of_parent(placement), _FIRST)
        else:
            runs.add(clock, _hash(left), _hash(right))

    def are_neighbours(self, placement: Placement) -> bool:
        """Return whether the origins of a struct were neighbours, as far as is known of them."""
        left = placement.left
        right = placement.right_origin
        if left is None and right is None:
            return True
        beside_left = _END if left is None else self._run_of(left)
        beside_right = _END if right is None else self._origins_of(right)
        if _UNKNOWN in (beside_left, beside_right):
            return True
        if left is None or right is None:
            return (beside_right.left if left is None else beside_left.right) == _NONE
        if beside_left.right == _hash(right) or beside_right.left == _hash(left):
            return True
        if left[0] >= right[0] or beside_left != beside_right:
            return False
        return beside_left != _END or self._parent_of(left) == self._parent_of(right)

    def resumes(self, placement: Placement) -> bool:
        """Return whether a struct, whose first clocks are known, is written where these are."""
        whole = placement.whole
        found = None if whole is None else self._find((whole.client, whole.clock))
        if whole is None or found is None:
            return True
        runs, index = found
        if runs.lefts[index] == _COLLECTED:
            return True
        if whole.left is None and whole.right is None and runs.starts[index] == whole.clock:
            written = (_hash_of_parent(whole), _FIRST)
            return (runs.lefts[index], runs.rights[index]) == written
        written = _Origins(_hash(whole.left), _hash(whole.right))
        return self._origins_of((whole.client, whole.clock)) == written

    def _origins_of(self, id_: Id) -> _Origins:
        """Return the origins of an id."""
        found = self._find(id_)
        if found is None:
            return _UNKNOWN
        runs, index = found
        origins = _origins(runs, index)
        if origins == _UNKNOWN or runs.starts[index] == id_[1]:
            return origins
        return _Origins(_hash((id_[0], id_[1] - 1)), origins.right)

    def _run_of(self, id_: Id) -> _Origins:
        """Return the origins of the run that has an id."""
        found = self._find(id_)
        return _UNKNOWN if found is None else _origins(*found)

    def _parent_of(self, id_: Id) -> int:
        """Return the hash of the parent that a run without origins names."""
        found = self._find(id_)
        return _NONE if found is None else found[0].lefts[found[1]]

    def _find(self, id_: Id) -> tuple[_Runs, int] | None:
        runs = self._clients.get(id_[0])
        if runs is not None and id_[1] >= runs.starts[0]:
            return runs, bisect_right(runs.starts, id_[1]) - 1
        return None if self._base is None else self._base._find(id_)  # noqa: SLF001 - its own class


def _origins(runs: _Runs, index: int) -> _Origins:
    right = runs.rights[index]
    return _END if right == _FIRST else _Origins(runs.lefts[index], right)
