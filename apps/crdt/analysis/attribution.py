"""Which operation wrote each piece of a document's text, in the order in which it is read."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final

from apps.crdt.analysis.content_ids import Element, Words, iter_content_with_ids
from apps.crdt.ids.utf16 import Utf16Text

#: Returns of a client where the runs of its clocks end, and the number of the operation of each.
RunsOf = Callable[[int], tuple[Sequence[int], Sequence[int]]]

_NOBODY: Final = -1


def text_runs(state: bytes, runs_of: RunsOf) -> tuple[list[str], list[int]]:
    """Return the text of a whole state in document order, and which operation each piece is of.

    Root ``default`` comes first, then the others. A piece ends where the operation changes, or the
    text that it is in ends. Two lists: a long document has tens of thousands of pieces.
    """
    texts: list[str] = []
    operations: list[int] = []
    before = _NOBODY
    for words in iter_content_with_ids(state):
        if isinstance(words, Element):
            continue
        if words.begins:
            before = _NOBODY
        for text, operation in _pieces(words, *runs_of(words.id[0])):
            if operation == before:
                texts[-1] += text
                continue
            texts.append(text)
            operations.append(operation)
            before = operation
    return texts, operations


def _pieces(
    words: Words, ends: Sequence[int], operations: Sequence[int]
) -> Sequence[tuple[str, int]]:
    """Cut words where the operation changes."""
    begin = clock = words.id[1]
    end = clock + words.units
    run = bisect_right(ends, clock)
    if ends[run] >= end:
        return ((words.text, operations[run]),)
    cut, pieces = Utf16Text(words.text).cut, []
    while clock < end:
        upto = min(ends[run], end)
        pieces.append((cut(clock - begin, upto - begin), operations[run]))
        clock, run = upto, run + 1
    return pieces
