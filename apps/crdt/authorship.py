"""Which operation wrote each piece of a document's text, in the order in which it is read."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from apps.crdt.identified import Element, Words, identified
from apps.crdt.units import Units

#: Returns the number of the operation that brought each of ``length`` clocks of a client.
OperationsOf = Callable[[int, int, int], Sequence[int]]


class TextRun(NamedTuple):
    """Text that stands together and came with one operation."""

    text: str
    operation: int


def text_runs(state: bytes, operations_of: OperationsOf) -> Iterator[TextRun]:
    """Yield the text of a whole state, run by run; root ``default`` first, then the others.

    A run ends where the operation changes, or the text that it is in ends.
    """
    held: TextRun | None = None
    for node in identified(state):
        if isinstance(node, Element):
            continue
        for begins, run in _runs(node, operations_of(*node.id, node.units)):
            if held is not None and not begins and held.operation == run.operation:
                held = TextRun(held.text + run.text, run.operation)
                continue
            if held is not None:
                yield held
            held = run
    if held is not None:
        yield held


def _runs(words: Words, operations: Sequence[int]) -> Iterator[tuple[bool, TextRun]]:
    """Cut words where the operation changes; with each piece, whether a text begins with it."""
    if operations.count(operations[0]) == words.units:
        yield words.begins, TextRun(words.text, operations[0])
        return
    units, place = Units(words.text), 0
    for operation, run in groupby(operations):
        end = place + sum(1 for _ in run)
        yield words.begins and not place, TextRun(units.cut(place, end), operation)
        place = end
