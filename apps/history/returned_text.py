"""Returned text: who inserted deleted content again, and whether by the deletion itself (a move).

Derived from the copies that were checked against the log (ADR 0016), for what shows deletions and
diffs. Costs the copies of the log.
"""

from collections.abc import Iterator
from typing import Final

from apps.crdt.ids.id_ranges import IdRanges, Run
from apps.history.attribution import AttributionIndex

_NOTHING: Final = IdRanges()


class ReturnedText:
    """The copies of a log by their source, and the moves among them."""

    def __init__(self, index: AttributionIndex) -> None:
        self._bringers: dict[int, IdRanges] = {}
        self._moved: dict[int, IdRanges] = {}
        for copied in index.copies.copies:
            [(_, _, inserter), *_] = index.inserters(*copied[:3])
            bringers = self._bringers.setdefault(copied.source_client, IdRanges())
            bringers.add(copied.source_clock, copied.source_end, inserter)
            moved = self._moved.setdefault(copied.client, IdRanges())
            offset = copied.clock - copied.source_clock
            source = copied.source_client, copied.source_clock, copied.length
            for first, end, deleter in index.deleters(*source):
                if deleter == inserter:
                    moved.add(first + offset, end + offset, inserter)

    def bringers(self, client: int, clock: int, length: int) -> Iterator[Run]:
        """Yield the runs of deleted ids by the operation that inserted them again first.

        It is the one that deleted them where it moved them. ``NO_VALUE`` where none did.
        """
        return self._bringers.get(client, _NOTHING).runs(clock, clock + length)

    def moves(self, client: int, clock: int, length: int) -> Iterator[Run]:
        """Yield the runs of inserted ids that their operation moved; ``NO_VALUE`` for others."""
        return self._moved.get(client, _NOTHING).runs(clock, clock + length)
