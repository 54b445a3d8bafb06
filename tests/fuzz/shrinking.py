"""The smallest part of an input list that still fails: by halves, then by smaller parts."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def shrunk(items: Sequence[T], fails: Callable[[Sequence[T]], bool], max_runs: int) -> list[T]:
    """Return a shorter list that fails as ``items`` do, after at most ``max_runs`` tries.

    Parts are left out, first halves, then quarters, down to single items (Zeller's ddmin). The
    order stays.
    """
    left, parts, runs = list(items), 2, 0
    while len(left) > 1:
        size = -(-len(left) // parts)
        for start in range(0, len(left), size):
            rest = left[:start] + left[start + size :]
            if runs == max_runs:
                return left
            runs += 1
            if rest and fails(rest):
                left, parts = rest, max(parts - 1, 2)
                break
        else:
            if size == 1:
                return left
            parts = min(2 * parts, len(left))
    return left
