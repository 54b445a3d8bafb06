"""Id ranges of one client, each with a value, as an IdMap in Yjs: first come, first served."""

from bisect import bisect_right
from typing import Final

#: The value of clocks that no range has.
NO_VALUE: Final = -1


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

    def values_of(self, clock: int, length: int) -> list[int]:
        """Return the value of each of ``length`` clocks, ``NO_VALUE`` for those without one."""
        values: list[int] = []
        end = clock + length
        index = bisect_right(self.ends, clock)
        while clock < end:
            if index == len(self.starts) or self.starts[index] >= end:
                values += [NO_VALUE] * (end - clock)
                break
            if self.starts[index] > clock:
                values += [NO_VALUE] * (self.starts[index] - clock)
                clock = self.starts[index]
            upto = min(self.ends[index], end)
            values += [self.values[index]] * (upto - clock)
            clock, index = upto, index + 1
        return values
