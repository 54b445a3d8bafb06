"""Sets of ids of any clients, as an IdSet in Yjs, and the id ranges of an update."""

from collections.abc import Iterable, Iterator
from typing import Final

from apps.crdt.codec.structs import Id, Span
from apps.crdt.codec.update_reader import read_state
from apps.crdt.ids.id_ranges import NO_VALUE, IdRanges, Run


def deleted_spans(update: bytes) -> Iterator[Span]:
    """Yield the id ranges that an update deletes; for a whole state, all that were deleted."""
    for client, ranges in read_state(update).deletes.items():
        for clock, length in ranges:
            yield (client, clock), length


def inserted_spans(update: bytes) -> Iterator[Span]:
    """Yield the id ranges of the structs that an update inserts."""
    for client, ranges in read_state(update).ranges.items():
        for first, end in ranges:
            yield (client, first), end - first


#: The ranges of a client that a set does not have.
_NOTHING: Final = IdRanges()


class IdSet:
    """A set of ids, stored as id ranges; each id has a value, 0 unless another one is given."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._ranges: dict[int, IdRanges] = {}
        self.add_spans(spans)

    def add(self, id_: Id, length: int, value: int = 0) -> None:
        """Add ``length`` ids; those that are in the set already keep their value."""
        client, clock = id_
        self._ranges.setdefault(client, IdRanges()).add(clock, clock + length, value)

    def add_spans(self, spans: Iterable[Span], value: int = 0) -> None:
        """Add id ranges."""
        for id_, length in spans:
            self.add(id_, length, value)

    def value(self, id_: Id) -> int:
        """Return the value of an id, ``NO_VALUE`` if it is not in the set."""
        ranges = self._ranges.get(id_[0])
        return NO_VALUE if ranges is None else ranges.value(id_[1])

    def runs(self, id_: Id, length: int) -> Iterator[Run]:
        """Yield the runs of equal values among ``length`` ids, ``NO_VALUE`` where not in the set.

        The cost is that of the ranges in between: a few bytes may name billions of ids.
        """
        client, clock = id_
        ranges = self._ranges.get(client, _NOTHING)
        return ranges.runs(clock, clock + length)

    def __contains__(self, id_: Id) -> bool:
        return self.value(id_) != NO_VALUE

    def contains_any(self, id_: Id, length: int) -> bool:
        """Return whether any of ``length`` ids is in the set."""
        return any(run.value != NO_VALUE for run in self.runs(id_, length))

    def spans(self) -> Iterator[Span]:
        """Yield the id ranges of the set."""
        for client, ranges in self._ranges.items():
            for start, end in zip(ranges.starts, ranges.ends, strict=True):
                yield (client, start), end - start


def spans_in(spans: Iterable[Span], ids: IdSet) -> list[Span]:
    """Return the parts of id ranges that are in a set."""
    return [part for span in spans for part in _parts(span, ids, are_in=True)]


def spans_not_in(spans: Iterable[Span], ids: IdSet) -> list[Span]:
    """Return the parts of id ranges that are not in a set."""
    return [part for span in spans for part in _parts(span, ids, are_in=False)]


def _parts(span: Span, ids: IdSet, *, are_in: bool) -> Iterator[Span]:
    """Yield the longest parts of an id range that are in a set, or not in it."""
    (client, clock), length = span
    first = clock
    for run in ids.runs(*span):
        if (run.value != NO_VALUE) is are_in:
            continue
        if run.first > first:
            yield (client, first), run.first - first
        first = run.end
    if first < clock + length:
        yield (client, first), clock + length - first
