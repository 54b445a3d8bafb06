"""Runs of clocks of one client, each with a number: which operation did something to them first."""

from bisect import bisect_right
from typing import Final

#: Stands where no run is.
NONE: Final = -1


class IdRanges:
    """Clocks with a number each; who comes first stays.

    ``starts``, ``ends`` and ``numbers`` have one entry for each run, in order of the clocks; a run
    has the clocks from its start to before its end.
    """

    __slots__ = ("ends", "numbers", "starts")

    def __init__(
        self,
        starts: list[int] | None = None,
        ends: list[int] | None = None,
        numbers: list[int] | None = None,
    ) -> None:
        self.starts = starts or []
        self.ends = ends or []
        self.numbers = numbers or []

    def take(self, first: int, end: int, number: int) -> list[tuple[int, int]]:
        """Give ``number`` to the clocks from ``first`` to before ``end`` that have none yet.

        Return them, as runs ``(first, end)`` in order.
        """
        run = bisect_right(self.ends, first)
        took: list[tuple[int, int]] = []
        while first < end:
            if run < len(self.starts) and self.starts[run] <= first:
                first = self.ends[run]
                run += 1
                continue
            upto = min(end, self.starts[run]) if run < len(self.starts) else end
            run = self._put(run, first, upto, number)
            took.append((first, upto))
            first = upto
        return took

    def _put(self, run: int, first: int, end: int, number: int) -> int:
        """Put in a run, joined to its left neighbour if it can be; return the next one's place."""
        if run and self.ends[run - 1] == first and self.numbers[run - 1] == number:
            self.ends[run - 1] = end
            return run
        self.starts.insert(run, first)
        self.ends.insert(run, end)
        self.numbers.insert(run, number)
        return run + 1

    def count(self, first: int, end: int) -> int:
        """Return how many of the clocks from ``first`` to before ``end`` have a number."""
        count = 0
        run = bisect_right(self.ends, first)
        while run < len(self.starts) and self.starts[run] < end:
            count += min(self.ends[run], end) - max(self.starts[run], first)
            run += 1
        return count

    def numbers_of(self, clock: int, length: int) -> list[int]:
        """Return the number of each of ``length`` clocks, ``NONE`` where there is none."""
        found: list[int] = []
        end = clock + length
        run = bisect_right(self.ends, clock)
        while clock < end:
            if run == len(self.starts) or self.starts[run] >= end:
                found += [NONE] * (end - clock)
                break
            if self.starts[run] > clock:
                found += [NONE] * (self.starts[run] - clock)
                clock = self.starts[run]
            upto = min(self.ends[run], end)
            found += [self.numbers[run]] * (upto - clock)
            clock, run = upto, run + 1
        return found
