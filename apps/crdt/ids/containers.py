"""Containers of content: what is around each id, how deep it is, and whether it has a key.

An update names the parent of an item for the first sibling only, so the container of an item is
that of a neighbour. The index keeps it for all ids of a document, as id ranges, and grows with each
update: the cost of an update is linear in the update.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple, Self

from apps.crdt.codec.causal_order import causal_order
from apps.crdt.codec.contents import (
    ANY,
    DELETED,
    ELEMENT,
    TYPE,
    XML_TEXT,
    read_uint,
)
from apps.crdt.codec.structs import (
    GC,
    SKIP,
    Id,
)
from apps.crdt.ids.id_ranges import NO_VALUE, IdRanges
from apps.crdt.ids.neighbours import OriginIndex
from apps.crdt.ids.placement import Placement, read_placement, skip_struct

#: Kinds of containers. ``FREE``: other roots than that of the content, and all that is in them.
#: ``FRAGMENT``: the root of the content; ``INSIDE_ELEMENT`` and ``INSIDE_TEXT`` are beneath it.
#: ``GONE``: what was deleted with all that is in it. ``MIXED``: the neighbours of an item are in
#: containers of different kinds. ``NO_TYPE``: the parent of an item is no shared type.
FREE, FRAGMENT, INSIDE_ELEMENT, INSIDE_TEXT, GONE, MIXED, NO_TYPE = range(7)


class Container(NamedTuple):
    """What is around content.

    ``level``: the number of shared types around it; ``keyed``: whether it has a key there, the name
    of an attribute or the key of a map; ``kind``: one of the kinds above.
    """

    level: int
    keyed: bool
    kind: int


#: An encoded container, from its lowest bit: whether there is a key, its kind, the kind of what is
#: inside the id (``NO_TYPE`` if that is no shared type), and the level.
_KIND_SHIFT: Final = 1
_INSIDE_SHIFT: Final = 4
_LEVEL_SHIFT: Final = 7
_KINDS_MASK: Final = 7


def _encoded(level: int, *, keyed: bool, kind: int, inside: int) -> int:
    return level << _LEVEL_SHIFT | inside << _INSIDE_SHIFT | kind << _KIND_SHIFT | keyed


def container_of(value: int) -> Container:
    """Return an encoded container."""
    return Container(value >> _LEVEL_SHIFT, bool(value & 1), value >> _KIND_SHIFT & _KINDS_MASK)


#: The encoded container of garbage collected clocks: nothing can be inside or beside them.
_COLLECTED: Final = _encoded(0, keyed=False, kind=GONE, inside=GONE)


class ContainerIndex:
    """The container of each id of a document.

    ``depth`` is the number of shared types inside each other in its deepest place, ``values`` the
    number of the values that stand in lists.
    """

    def __init__(self) -> None:
        self._ranges: dict[int, IdRanges] = {}
        #: The origins of its items.
        self.origins = OriginIndex()
        self.depth = 0
        #: Values of lists.
        self.values = 0

    @classmethod
    def of_state(cls, state: bytes) -> Self:
        """Return the index of a whole state, or of an update that needs nothing else."""
        index = cls()
        index.add(state)
        return index

    def find(self, id_: Id) -> int:
        """Return the encoded container of an id, ``NO_VALUE`` if the index does not have the id."""
        ranges = self._ranges.get(id_[0])
        return NO_VALUE if ranges is None else ranges.value(id_[1])

    def ends(self) -> dict[int, int]:
        """Return client to the end of its clocks: the version vector of what is indexed."""
        return {client: ranges.ends[-1] for client, ranges in self._ranges.items()}

    def known_end(self, client: int) -> int:
        """Return the end of the clocks of a client."""
        ranges = self._ranges.get(client)
        return ranges.ends[-1] if ranges is not None and ranges.ends else 0

    def add(self, update: bytes) -> None:
        """Add the structs of an update that the document has applied."""
        for placement, value in _Placing(update, self).new():
            self._set(placement, value)

    def add_beside(self, client: int, first: int, end: int) -> None:
        """Add a client's characters, clocks ``first`` to ``end``, where the one before them is.

        Where the index lacks that one, they get the deepest level, as in ``containers``.
        """
        beside = self.find((client, first - 1))
        found = (
            Container(self.depth, keyed=False, kind=FREE)
            if beside == NO_VALUE
            else container_of(beside)
        )
        value = _encoded(found.level, keyed=found.keyed, kind=found.kind, inside=NO_TYPE)
        self._ranges.setdefault(client, IdRanges()).add(first, end, value)

    def containers(self, update: bytes) -> Iterator[tuple[Placement, Container]]:
        """Yield the new structs of an update with their containers.

        The index is not changed: the update may still be refused.
        """
        for placement, value in _Placing(update, self).new():
            yield placement, container_of(value)

    def _set(self, placement: Placement, value: int) -> None:
        ranges = self._ranges.setdefault(placement.client, IdRanges())
        ranges.add(placement.clock, placement.end, value)
        self.origins.add(placement)
        if placement.kind == TYPE:
            self.depth = max(self.depth, (value >> _LEVEL_SHIFT) + 1)
        elif placement.kind == ANY and not value & 1:
            self.values += placement.length


class _Structs:
    """The new structs of one client: the clock of each and its position in the update.

    Two numbers for each struct, because a large state has a million.
    """

    def __init__(self, client: int, known: int) -> None:
        self.client = client
        self.known = known
        self.clocks = array("Q")
        self.positions = array("Q")
        self.end = 0
        #: How many of them have their container.
        self.placed = 0

    def count_up_to(self, clock: int) -> int:
        """Return how many structs there are up to the one with a clock; 0 if none has it."""
        return 0 if clock >= self.end else bisect_right(self.clocks, clock)

    def next(self, data: bytes) -> Placement:
        """Return the first struct that has no container yet."""
        clock = self.clocks[self.placed]
        placement, _ = read_placement(data, self.positions[self.placed], self.client, clock)
        if clock >= self.known:
            return placement
        # The engine adds the new clocks of a struct beside the last known one.
        left = (self.client, self.known - 1)
        return placement._replace(
            clock=self.known,
            left=left,
            right=None,
            parent=None,
            written_key=False,
            in_content=False,
            whole=placement,
        )


class _Placing:
    """Finds the containers of an update's structs, on top of an index of what was before it."""

    def __init__(self, update: bytes, index: ContainerIndex) -> None:
        self._update = update
        self._index = index
        self._structs = {structs.client: structs for structs in _read(update, index)}
        self._own: dict[int, IdRanges] = {}
        self._depth = index.depth

    def new(self) -> Iterator[tuple[Placement, int]]:
        """Yield each new struct after the structs that it refers to, with its encoded container.

        A struct that refers to a later one, as states of a damaged document may, gets the deepest
        level known so far, so the level is never too low.
        """
        placement: Placement

        def needed(structs: _Structs, waiting: set[int]) -> tuple[_Structs, int] | None:
            nonlocal placement
            placement = structs.next(self._update)
            return self._unplaced(placement, waiting)

        for _ in causal_order(self._structs.values(), needed):
            yield placement, self._place(placement)

    def _unplaced(self, placement: Placement, waiting: set[int]) -> tuple[_Structs, int] | None:
        """Return a client and the number of its structs that must be placed before this one."""
        ids = [placement.left, placement.right, placement.parent]
        if placement.whole is not None:
            whole = placement.whole
            ids += [whole.left, whole.right, whole.parent]
        for id_ in ids:
            if id_ is not None and id_[0] not in waiting and id_[0] in self._structs:
                structs = self._structs[id_[0]]
                count = structs.count_up_to(id_[1])
                if structs.placed < count:
                    return structs, count
        return None

    def _place(self, placement: Placement) -> int:
        value = self._value(placement)
        own = self._own.setdefault(placement.client, IdRanges())
        own.add(placement.clock, placement.end, value)
        if placement.kind == TYPE:
            self._depth = max(self._depth, (value >> _LEVEL_SHIFT) + 1)
        return value

    def _value(self, placement: Placement) -> int:
        if placement.kind == GC:
            return _COLLECTED
        level, keyed, kind = self._container(placement)
        if placement.whole is not None and not self._resumes(placement, placement.whole):
            kind = MIXED
        inside = self._inside(placement, kind, keyed=keyed)
        return _encoded(level, keyed=keyed, kind=kind, inside=inside)

    def _container(self, placement: Placement) -> Container:
        if placement.parent is not None:
            outer = self._find(placement.parent)
            if outer == NO_VALUE:
                return Container(self._depth + 1, placement.written_key, FREE)
            inside = outer >> _INSIDE_SHIFT & _KINDS_MASK
            return Container((outer >> _LEVEL_SHIFT) + 1, placement.written_key, inside)
        beside = [id_ for id_ in (placement.left, placement.right) if id_ is not None]
        if not beside:
            kind = FRAGMENT if placement.in_content else FREE
            return Container(0, placement.written_key, kind)
        found = [self._find(id_) for id_ in beside]
        level = max(self._depth if value == NO_VALUE else value >> _LEVEL_SHIFT for value in found)
        known = [container_of(value) for value in found if value != NO_VALUE]
        # The engine takes the key of the left neighbour, or of the right one if the left has none.
        return Container(level, any(one.keyed for one in known), _common_kind(known))

    def _resumes(self, placement: Placement, whole: Placement) -> bool:
        """Return whether a struct is where its first clocks are, which the document has.

        The engine puts the new clocks behind the known ones, in the parent that is written.
        """
        if not self._index.origins.resumes(placement):
            return False
        known, written = self._container(placement), self._container(whole)
        return known == written or known.kind == written.kind == GONE

    def _inside(self, placement: Placement, kind: int, *, keyed: bool) -> int:
        """Return the kind of container that a struct is, by its own container."""
        if placement.kind == DELETED:
            return GONE
        if placement.kind != TYPE:
            return NO_TYPE
        if kind == GONE:
            return GONE
        type_ = self._update[placement.content_start]
        if kind in (FRAGMENT, INSIDE_ELEMENT) and type_ == ELEMENT and not keyed:
            return INSIDE_ELEMENT
        return INSIDE_TEXT if kind == INSIDE_ELEMENT and type_ == XML_TEXT and not keyed else FREE

    def _find(self, id_: Id) -> int:
        own = self._own.get(id_[0])
        found = NO_VALUE if own is None else own.value(id_[1])
        return self._index.find(id_) if found == NO_VALUE else found


def _common_kind(containers: list[Container]) -> int:
    """Return the kind of container that all neighbours are in; deleted ones do not count."""
    kinds = {container.kind for container in containers}
    if len(kinds) > 1:
        kinds.discard(GONE)
    if len(kinds) > 1:
        return MIXED
    return kinds.pop() if kinds else FREE


def _read(data: bytes, index: ContainerIndex) -> Iterator[_Structs]:
    """Yield those structs of each client of an update that the index lacks."""
    clients, pos = read_uint(data, 0)
    for _ in range(clients):
        count, pos = read_uint(data, pos)
        client, pos = read_uint(data, pos)
        clock, pos = read_uint(data, pos)
        structs = _Structs(client, index.known_end(client))
        for _ in range(count):
            start, first = pos, clock
            clock, pos = skip_struct(data, pos, clock)
            if clock > structs.known and data[start] != SKIP:
                structs.clocks.append(first)
                structs.positions.append(start)
                structs.end = clock
        yield structs
