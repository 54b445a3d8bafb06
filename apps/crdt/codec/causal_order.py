"""The order in which structs can be placed: each after those that it refers to."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar


class Unplaced(Protocol):
    """The structs of one client, of which the first ``placed`` are placed."""

    client: int
    placed: int

    @property
    def clocks(self) -> Sequence[int]:
        """Return the first clock of each."""
        ...


S = TypeVar("S", bound=Unplaced)

#: Returns a client, none of those that wait, and the number of its structs that must be placed
#: before the next one of another client; None where that can be placed.
Needed = Callable[[S, set[int]], tuple[S, int] | None]


def causal_order(clients: Iterable[S], needed: Needed[S]) -> Iterator[S]:
    """Yield the client of each struct, after those of the structs that it refers to.

    Where structs refer to each other in a circle, as those of a damaged document may, one of them
    comes before what it refers to. So the walk ends for any bytes.
    """
    for structs in clients:
        # Each entry has the number of structs that are wanted. A client that waits is in the stack
        # once: a second wait for it would be a cycle.
        stack = [(structs, len(structs.clocks))]
        waiting = {structs.client}
        while stack:
            current, wanted = stack[-1]
            if current.placed >= wanted:
                stack.pop()
                waiting.discard(current.client)
                continue
            before = needed(current, waiting)
            if before is None:
                yield current
                current.placed += 1
            else:
                stack.append(before)
                waiting.add(before[0].client)
