"""Deletes of a log: the operation that deleted each id first, and the second one that did.

An editor deletes what stands on its page. So of two operations that delete one id, neither author
had seen the other's: they were made at one time, also where both moved the id to another place.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Self

from apps.crdt.codec.structs import Id, Span
from apps.crdt.ids.id_ranges import IdRanges, Run
from apps.crdt.ids.id_set import IdSet
from apps.oplog.compacted_operations import ClientRanges

#: The deletes of a client that deleted nothing.
_NOTHING: Final = IdRanges()


class DeleteIndex:
    """The deleted ids of a log, by client, with the index of the operation."""

    def __init__(self) -> None:
        self.firsts: dict[int, IdRanges] = {}
        self.seconds: dict[int, IdRanges] = {}
        #: The id that was deleted first of all.
        self._earliest: Id | None = None

    def add(
        self, deletes: ClientRanges, index: int, *, may_repeat: bool
    ) -> dict[int, list[tuple[int, int]]] | None:
        """Add the deletes of the next operation; return the ids, by client, that stood until then.

        None where it is neither the first nor the second one to delete some.
        When a client connects again, it may repeat all deletions that it has; then the earliest one
        is among them, and it is second to none. ``may_repeat``: also where it repeats one alone.
        """
        added: dict[int, list[tuple[int, int]]] = {}
        again: list[Span] = []
        for client, own_ranges in deletes.items():
            firsts = self.firsts.setdefault(client, IdRanges())
            for clock, length in own_ranges:
                new = firsts.add(clock, clock + length, index)
                if new:
                    added.setdefault(client, []).extend(new)
                if new != [(clock, clock + length)]:
                    again += _others(client, firsts.runs(clock, clock + length), index)
                self._earliest = self._earliest or (client, clock)
        is_repeated = self._earliest is not None and self._earliest in IdSet(again)
        if is_repeated and (may_repeat or len(again) > 1):
            again = []
        is_second = False
        for (client, clock), length in again:
            seconds = self.seconds.setdefault(client, IdRanges())
            is_second |= bool(seconds.add(clock, clock + length, index))
        return added if added or is_second else None

    def runs(self, client: int, clock: int, length: int) -> Iterator[Run]:
        """Yield the runs of ids by the operation that deleted them first."""
        return self.firsts.get(client, _NOTHING).runs(clock, clock + length)

    def second_runs(self, client: int, clock: int, length: int) -> Iterator[Run]:
        """Yield the runs of ids by the second operation that deleted them."""
        return self.seconds.get(client, _NOTHING).runs(clock, clock + length)

    def spans(self) -> dict[int, list[Span]]:
        """Return the spans of ids that each operation was the first to delete."""
        found: dict[int, list[Span]] = {}
        for client, deletes in self.firsts.items():
            rows = zip(deletes.starts, deletes.ends, deletes.values, strict=True)
            for first, end, index in rows:
                found.setdefault(index, []).append(((client, first), end - first))
        return found

    def to_json(self) -> list[Any]:
        """Return the deletes as plain columns."""
        return [self._earliest, _columns(self.firsts), _columns(self.seconds)]

    @classmethod
    def from_json(cls, columns: list[Any]) -> Self:
        """Return the index that ``to_json`` wrote."""
        index = cls()
        earliest, firsts, seconds = columns
        index._earliest = earliest and (earliest[0], earliest[1])
        index.firsts = {int(client): IdRanges(*ranges) for client, ranges in firsts.items()}
        index.seconds = {int(client): IdRanges(*ranges) for client, ranges in seconds.items()}
        return index


def _others(client: int, runs: Iterator[Run], index: int) -> list[Span]:
    return [((client, run.first), run.end - run.first) for run in runs if run.value != index]


def _columns(clients: Mapping[int, IdRanges]) -> dict[str, list[list[int]]]:
    return {
        str(client): [ranges.starts, ranges.ends, ranges.values]
        for client, ranges in clients.items()
    }
