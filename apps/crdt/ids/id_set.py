"""Clocks of any clients that somebody has marked."""

from collections.abc import Iterable, Iterator

from apps.crdt.codec.structs import Id, Span
from apps.crdt.codec.update_reader import read_update
from apps.crdt.ids.id_ranges import NONE, IdRanges


def deleted_spans(update: bytes) -> Iterator[Span]:
    """Yield what an update deletes; of a whole state, all that is deleted in it."""
    for client, runs in read_update(update).deletes.items():
        for clock, units in runs:
            yield (client, clock), units


def brought_spans(update: bytes) -> Iterator[Span]:
    """Yield the clocks that an update brings."""
    for client, runs in read_update(update).ranges.items():
        for first, end in runs:
            yield (client, first), end - first


class IdSet:
    """A set of clocks, by their runs."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._runs: dict[int, IdRanges] = {}
        self.add_all(spans)

    def add(self, id_: Id, units: int, number: int = 0) -> None:
        """Mark clocks; those that are marked keep the number that they have."""
        client, clock = id_
        self._runs.setdefault(client, IdRanges()).take(clock, clock + units, number)

    def add_all(self, spans: Iterable[Span], number: int = 0) -> None:
        """Mark clocks."""
        for id_, units in spans:
            self.add(id_, units, number)

    def number(self, id_: Id) -> int:
        """Return the number with which a clock is marked, ``NONE`` where it is not."""
        return self.numbers(id_, 1)[0]

    def numbers(self, id_: Id, units: int) -> list[int]:
        """Return the number of each of the clocks, ``NONE`` where it is not marked."""
        runs = self._runs.get(id_[0])
        return [NONE] * units if runs is None else runs.numbers_of(id_[1], units)

    def touches(self, id_: Id, units: int) -> bool:
        """Tell whether any of the clocks is marked."""
        return any(self.of(id_, units))

    def cut(self, id_: Id, units: int, *, marked: bool) -> Iterator[Span]:
        """Yield those of the clocks that are marked, or those that are not."""
        client, clock = id_
        first = 0
        found = [*self.of(id_, units), not marked]
        for place, is_marked in enumerate(found):
            if is_marked is not marked or place == units:
                if place > first:
                    yield (client, clock + first), place - first
                first = place + 1

    def spans(self) -> Iterator[Span]:
        """Yield all that is marked."""
        for client, runs in self._runs.items():
            for start, end in zip(runs.starts, runs.ends, strict=True):
                yield (client, start), end - start

    def of(self, id_: Id, units: int) -> list[bool]:
        """Return of each of the clocks whether it is marked."""
        return [number != NONE for number in self.numbers(id_, units)]


def cut_spans(spans: Iterable[Span], by: IdSet, *, marked: bool) -> list[Span]:
    """Return those of the clocks that are marked, or those that are not."""
    return [part for id_, units in spans for part in by.cut(id_, units, marked=marked)]
