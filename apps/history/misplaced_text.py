"""Misplaced text: what was typed behind text that somebody else moved away at the same time.

Yjs leaves it where that text was. It is found by its origins, which a state has: the neighbours
that its author saw. Both edits were made at one time where the author saw two neighbours, and one
operation moved both; where a page that split a text would have moved it as well; and where moved
text has the same origins.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from apps.crdt.codec.contents import STRING
from apps.crdt.codec.copy_map import CopiedRange
from apps.crdt.codec.structs import GAPS, Id, RawStruct, Span
from apps.crdt.ids.parents import ParentIndex
from apps.history.attribution import AttributionIndex
from apps.history.moved_text import MAX_STEPS, MovedText

#: The left and the right origin of a struct.
Origins = tuple[Id | None, Id | None]


class Misplaced(NamedTuple):
    """Text, the id of the character that it belongs behind, and the op indexes of both edits."""

    span: Span
    after: Id
    writer: int
    mover: int


class MisplacedText:
    """Finds the misplaced text of a state."""

    def __init__(self, index: AttributionIndex, structs: ParentIndex, moved: MovedText) -> None:
        self._index = index
        self._structs = structs
        self._moved = moved
        self._steps = MAX_STEPS

    def find(self) -> Iterator[Misplaced]:
        """Yield it, text by text."""
        moved_to = self._moved_text()
        for struct in self._structs.structs():
            left, right = _origins(struct)
            if left is None or self._moved.is_copy(struct.id):
                continue
            beside = moved_to.get((left, right))
            if beside is not None and beside[0].client < struct.client:
                yield self._misplaced(struct, left, beside[1])
            elif not self._is_standing(left):
                yield from self._behind_moved(struct, left, right)

    def _moved_text(self) -> Mapping[Origins, tuple[RawStruct, int]]:
        """Return the standing text that was moved behind other text, by its origins."""
        found: dict[Origins, tuple[RawStruct, int]] = {}
        for struct in self._structs.structs():
            origins = _origins(struct)
            if origins[0] is None or not self._moved.is_moved(struct.id):
                continue
            if self._is_standing(origins[0]):
                found.setdefault(origins, (struct, self._inserter(struct.id)))
        return found

    def _behind_moved(self, struct: RawStruct, left: Id, right: Id | None) -> Iterator[Misplaced]:
        place = self._moved_place(left)
        if place is None:
            return
        source, copied = place
        mover, writer = self._inserter((copied.client, copied.clock)), self._inserter(struct.id)
        if copied.client == struct.client or mover == writer:
            return
        move_of_right = None if right is None else self._moved.move_of(right)
        if move_of_right is not None:
            if self._inserter((move_of_right.client, move_of_right.clock)) != mover:
                return
        elif right is not None or writer > mover or not self._begins_text(copied, mover):
            return
        new_id = copied.client, copied.clock + source[1] - copied.source_clock
        for (client, clock), _ in self._moved.standing_copies(*new_id, new_id[1] + 1):
            yield self._misplaced(struct, (client, clock), mover)
            return

    def _moved_place(self, id_: Id) -> tuple[Id, CopiedRange] | None:
        """Return the moved id that a deleted one stood behind, or is, and its copies."""
        current: Id | None = id_
        while current is not None and self._steps > 0:
            self._steps -= 1
            copied = self._moved.move_of(current)
            if copied is not None:
                return current, copied
            struct = None if self._is_standing(current) else self._find(current)
            if struct is None:
                return None
            before = struct.client, current[1] - 1
            current = before if current[1] > struct.clock else struct.origins[0]
        return None

    def _begins_text(self, copied: CopiedRange, mover: int) -> bool:
        """Return whether an operation inserted copies as the start of a text that it made."""
        current: Id | None = (copied.client, copied.clock)
        while current is not None and self._steps > 0 and self._inserter(current) == mover:
            self._steps -= 1
            struct = self._find(current)
            if struct is None:
                return False
            if isinstance(struct.parent, tuple):
                return self._inserter(struct.parent) == mover
            current = struct.origins[0]
        return False

    def _misplaced(self, struct: RawStruct, after: Id, mover: int) -> Misplaced:
        return Misplaced(struct.span, after, self._inserter(struct.id), mover)

    def _is_standing(self, id_: Id) -> bool:
        struct = self._find(id_)
        return struct is not None and struct.kind == STRING

    def _find(self, id_: Id) -> RawStruct | None:
        struct = self._structs.find(id_)
        return None if struct is None or struct.kind in GAPS else struct

    def _inserter(self, id_: Id) -> int:
        [(_, _, inserter)] = self._index.inserters(*id_, 1)
        return inserter


def _origins(struct: RawStruct) -> Origins:
    """Return the origins of text; none of other structs."""
    return struct.origins if struct.kind == STRING else (None, None)
