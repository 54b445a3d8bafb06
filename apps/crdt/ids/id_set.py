"""Sets of ids of any clients, as an IdSet in Yjs, and the id ranges of an update."""

from collections.abc import Iterable, Iterator

from apps.crdt.codec.structs import Id, Span
from apps.crdt.codec.update_reader import read_update
from apps.crdt.ids.id_ranges import NO_VALUE, IdRanges


def deleted_spans(update: bytes) -> Iterator[Span]:
    """Yield the id ranges that an update deletes; for a whole state, all that were deleted."""
    for client, ranges in read_update(update).deletes.items():
        for clock, length in ranges:
            yield (client, clock), length


def inserted_spans(update: bytes) -> Iterator[Span]:
    """Yield the id ranges of the structs that an update inserts."""
    for client, ranges in read_update(update).ranges.items():
        for first, end in ranges:
            yield (client, first), end - first


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
        return self.values(id_, 1)[0]

    def values(self, id_: Id, length: int) -> list[int]:
        """Return the value of each of ``length`` ids, ``NO_VALUE`` for those not in the set."""
        ranges = self._ranges.get(id_[0])
        return [NO_VALUE] * length if ranges is None else ranges.values_of(id_[1], length)

    def contains(self, id_: Id, length: int) -> list[bool]:
        """Return for each of ``length`` ids whether it is in the set."""
        return [value != NO_VALUE for value in self.values(id_, length)]

    def contains_any(self, id_: Id, length: int) -> bool:
        """Return whether any of ``length`` ids is in the set."""
        return any(self.contains(id_, length))

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
    (client, clock), length = span
    first = 0
    contained = [*ids.contains(*span), not are_in]
    for offset, is_in in enumerate(contained):
        if is_in is not are_in or offset == length:
            if offset > first:
                yield (client, clock + first), offset - first
            first = offset + 1
