"""Text that was written into what somebody else had deleted: it is in the log, and never shown.

Two people edit at one time, one deletes a paragraph, the other writes into it. Yjs lets the
deletion win, so the text is deleted with its parent, and no operation deletes its ids.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from apps.crdt.codec.structs import GAPS, Id, RawStruct, Span
from apps.crdt.ids.id_ranges import NO_VALUE
from apps.crdt.ids.id_set import IdSet, deleted_spans
from apps.history.attribution import AttributionIndex

#: Lost texts that are passed to find one's place: each was written behind the one before.
_MAX_CHAIN: Final = 1_000


def lost_spans(index: AttributionIndex, state: bytes) -> dict[int, list[Span]]:
    """Return the id ranges with text that are deleted in a whole state, and by no operation.

    By the index of the operation that inserted them. ``index`` has the log of the state.
    """
    found: dict[int, list[Span]] = {}
    for (client, clock), length in deleted_spans(state):
        for first, end, deleter in index.deleters(client, clock, length):
            if deleter != NO_VALUE:
                continue
            for begin, upto, inserter in index.inserters(client, first, end - first):
                if inserter != NO_VALUE and index.characters(client, begin, upto):
                    found.setdefault(inserter, []).append(((client, begin), upto - begin))
    return found


class LostPlaces:
    """States in which the places of lost text still stood.

    ``lost`` has the ids of all lost text, ``structs`` those of updates with it, which are kept.
    """

    def __init__(self, index: AttributionIndex, lost: Iterable[Span]) -> None:
        self._index = index
        self._lost = IdSet(lost)
        self._structs: dict[int, list[RawStruct]] = {}

    def add(self, struct: RawStruct) -> None:
        """Add a struct of the log; those of one client in order of their clocks."""
        if struct.kind not in GAPS and self._lost.contains_any(*struct.span):
            self._structs.setdefault(struct.client, []).append(struct)

    def seq_with(self, id_: Id) -> int | None:
        """Return the seq of a state with the place of a lost text; None where it is not known.

        It is the one before the deletion of a neighbour or of the text's parent. A neighbour that
        is lost itself leads to its own.
        """
        current: Id | None = id_
        for _ in range(_MAX_CHAIN):
            struct = None if current is None else self._find(current)
            if struct is None:
                return None
            parent = struct.parent
            for near in (*struct.origins, None if isinstance(parent, str) else parent):
                if near is None:
                    continue
                [(_, _, deleter)] = self._index.deleters(*near, 1)
                if deleter != NO_VALUE:
                    return self._index.origin(deleter).seq - 1
            current = struct.sibling
        return None

    def _find(self, id_: Id) -> RawStruct | None:
        structs = self._structs.get(id_[0], [])
        position = bisect_right(structs, id_[1], key=_clock) - 1
        if position < 0 or structs[position].clock + structs[position].length <= id_[1]:
            return None
        return structs[position]


def _clock(struct: RawStruct) -> int:
    return struct.clock
