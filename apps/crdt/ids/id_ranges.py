"""Id ranges of one client, each with a value, as an IdMap in Yjs: first come, first served."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

#: The value of clocks that no range has.
NO_VALUE: Final = -1


class Run(NamedTuple):
    """Clocks from ``first`` to before ``end`` with one value."""

    first: int
    end: int
    value: int


class IdRanges:
    """Disjoint ranges of clocks, each with a value; a clock keeps the first value that it gets.

    ``starts``, ``ends`` and ``values`` have one entry for each range, in order of the clocks. The
    end is exclusive.
    """

    __slots__ = ("ends", "starts", "values")

    def __init__(
        self,
        starts: list[int] | None = None,
        ends: list[int] | None = None,
        values: list[int] | None = None,
    ) -> None:
        self.starts = starts or []
        self.ends = ends or []
        self.values = values or []

    def add(self, first: int, end: int, value: int) -> list[tuple[int, int]]:
        """Set ``value`` for the clocks from ``first`` to before ``end`` that have no value yet.

        Return those clocks, as ranges ``(first, end)`` in order.
        """
        index = bisect_right(self.ends, first)
        added: list[tuple[int, int]] = []
        while first < end:
            if index < len(self.starts) and self.starts[index] <= first:
                first = self.ends[index]
                index += 1
                continue
            upto = min(end, self.starts[index]) if index < len(self.starts) else end
            index = self._insert(index, first, upto, value)
            added.append((first, upto))
            first = upto
        return added

    def _insert(self, index: int, first: int, end: int, value: int) -> int:
        """Insert a range, or extend its left neighbour; return the index of the next range."""
        if index and self.ends[index - 1] == first and self.values[index - 1] == value:
            self.ends[index - 1] = end
            return index
        self.starts.insert(index, first)
        self.ends.insert(index, end)
        self.values.insert(index, value)
        return index + 1

    def count(self, first: int, end: int) -> int:
        """Return how many of the clocks from ``first`` to before ``end`` have a value."""
        count = 0
        index = bisect_right(self.ends, first)
        while index < len(self.starts) and self.starts[index] < end:
            count += min(self.ends[index], end) - max(self.starts[index], first)
            index += 1
        return count

    def value(self, clock: int) -> int:
        """Return the value of a clock, ``NO_VALUE`` if it has none."""
        index = bisect_right(self.ends, clock)
        is_in = index < len(self.starts) and self.starts[index] <= clock
        return self.values[index] if is_in else NO_VALUE

    def runs(self, first: int, end: int) -> Iterator[Run]:
        """Yield the runs of equal values among the clocks from ``first`` to before ``end``.

        A run of clocks without a value has ``NO_VALUE``. The cost is that of the ranges in between,
        however long they are.
        """
        index = bisect_right(self.ends, first)
        while first < end:
            if index == len(self.starts) or self.starts[index] >= end:
                yield Run(first, end, NO_VALUE)
                return
            if self.starts[index] > first:
                yield Run(first, self.starts[index], NO_VALUE)
                first = self.starts[index]
            upto, value = min(self.ends[index], end), self.values[index]
            index += 1
            while upto < end and self._continues(index, upto, value):
                upto = min(self.ends[index], end)
                index += 1
            yield Run(first, upto, value)
            first = upto

    def _continues(self, index: int, clock: int, value: int) -> bool:
        """Return whether the range at an index starts at a clock and has a value."""
        return (
            index < len(self.starts) and self.starts[index] == clock and self.values[index] == value
        )


def joined_runs(*sequences: Iterable[Run]) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Yield ``(first, end, values)`` wherever one of several sequences of runs has another value.

    All sequences cover the same clocks.
    """
    iterators = [iter(runs) for runs in sequences]
    current = [next(runs, None) for runs in iterators]
    while None not in current:
        runs = [run for run in current if run is not None]
        end = min(run.end for run in runs)
        yield max(run.first for run in runs), end, tuple(run.value for run in runs)
        current = [
            next(iterators[index], None) if run.end == end else run
            for index, run in enumerate(runs)
        ]
