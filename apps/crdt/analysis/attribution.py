"""Attribution of a document's text: the operation that wrote each part of it, in document order."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final

from apps.crdt.analysis.content_ids import Element, TextRun, iter_content_with_ids
from apps.crdt.ids.utf16 import Utf16Text

#: Returns, for a client, the ends of its id ranges and the operation index of each range.
OperationsOf = Callable[[int], tuple[Sequence[int], Sequence[int]]]

_NO_OPERATION: Final = -1


def attributed_texts(state: bytes, operations_of: OperationsOf) -> tuple[list[str], list[int]]:
    """Return the text of a whole state in document order, and the operation index of each part.

    Root ``default`` comes first, then the other roots. A part ends where the operation changes or
    its text ends. Two lists, because a long document has tens of thousands of parts.
    """
    texts: list[str] = []
    operations: list[int] = []
    previous = _NO_OPERATION
    for run in iter_content_with_ids(state):
        if isinstance(run, Element):
            continue
        if run.starts_text:
            previous = _NO_OPERATION
        for text, operation in _split(run, *operations_of(run.id[0])):
            if operation == previous:
                texts[-1] += text
                continue
            texts.append(text)
            operations.append(operation)
            previous = operation
    return texts, operations


def _split(
    run: TextRun, ends: Sequence[int], operations: Sequence[int]
) -> Sequence[tuple[str, int]]:
    """Split a run of text where the operation changes."""
    first = clock = run.id[1]
    end = clock + run.length
    index = bisect_right(ends, clock)
    if ends[index] >= end:
        return ((run.text, operations[index]),)
    text, parts = Utf16Text(run.text), []
    while clock < end:
        upto = min(ends[index], end)
        parts.append((text.slice(clock - first, upto - first), operations[index]))
        clock, index = upto, index + 1
    return parts
