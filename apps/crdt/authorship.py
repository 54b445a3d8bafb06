"""Which operation wrote each piece of a document's text, in the order in which it is read.

The engine knows the order of the letters and hides their ids. So it is given the same state once
more with other letters: each stands for the operation that brought it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import pycrdt

from apps.crdt.pieces import root_names, with_other_text
from apps.crdt.text import MAX_DEPTH, ROOT

#: A letter stands for a number below this; none of them is a half of a surrogate pair.
_BASE: Final = 50_000
_FIRST_LETTER: Final = 0x100

#: Returns the number of the operation that brought each of ``length`` clocks of a client.
OperationsOf = Callable[[int, int, int], Sequence[int]]


class TextRun(NamedTuple):
    """Text that stands together and came with one operation."""

    text: str
    operation: int


def text_runs(state: bytes, operations_of: OperationsOf) -> Iterator[TextRun]:
    """Yield the text of a whole state, run by run; root ``default`` first, then the others.

    Operations are numbered from 0, below 2,500,000,000.
    """
    roots = sorted(root_names(state) - {ROOT})
    lower = with_other_text(state, _letters(operations_of, lambda number: number % _BASE))
    upper = with_other_text(state, _letters(operations_of, lambda number: number // _BASE))
    texts = [list(_texts(each, roots)) for each in (state, lower, upper)]
    for text, low, high in zip(*texts, strict=True):
        yield from _runs(text, low, high)


def _letters(
    operations_of: OperationsOf, digit: Callable[[int], int]
) -> Callable[[int, int, int], str]:
    return lambda client, clock, length: "".join(
        chr(_FIRST_LETTER + digit(number)) for number in operations_of(client, clock, length)
    )


def _runs(text: str, low: str, high: str) -> Iterator[TextRun]:
    """Cut a text where the operation changes; a letter outside of the BMP has two units."""
    unit = begin = 0
    current = -1
    for place, letter in enumerate(text):
        number = (ord(high[unit]) - _FIRST_LETTER) * _BASE + ord(low[unit]) - _FIRST_LETTER
        if number != current:
            if place:
                yield TextRun(text[begin:place], current)
            begin, current = place, number
        unit += 2 if letter > "\uffff" else 1
    if text:
        yield TextRun(text[begin:], current)


def _texts(state: bytes, roots: Sequence[str]) -> Iterator[str]:
    """Yield each text of a document, in document order."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state)
    with doc.transaction():
        stack: list[tuple[Any, int]] = [(doc.get(ROOT, type=pycrdt.XmlFragment), 0)]
        while stack:
            node, depth = stack.pop()
            if isinstance(node, pycrdt.XmlText):
                yield _letters_of(node)
            elif depth <= MAX_DEPTH:
                stack += [(child, depth + 1) for child in reversed(list(node.children))]
        for name in roots:  # those that are maps or lists have no text to show
            yield _letters_of(doc.get(name, type=pycrdt.Text))


def _letters_of(text: pycrdt.XmlText | pycrdt.Text) -> str:
    return "".join(chunk for chunk, _ in text.diff() if isinstance(chunk, str))
