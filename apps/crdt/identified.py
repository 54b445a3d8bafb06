"""The content of a document with the id of each element and letter, in document order.

The engine knows the order and hides the ids. So it is given the same state twice more with other
words: each letter is a digit of its number among all letters, and each element is named by its id.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import pycrdt

from apps.crdt.pieces import Id, root_names, with_others
from apps.crdt.text import MAX_DEPTH, ROOT
from apps.crdt.units import Units

#: Digits of a letter's number; none is half of a surrogate pair.
_BASE: Final = 50_000
_FIRST_DIGIT: Final = 0x100
_DIGITS: Final = "".join(map(chr, range(_FIRST_DIGIT, _FIRST_DIGIT + _BASE)))


class Element(NamedTuple):
    """Where an element begins; ``depth`` is 0 for what stands in a root."""

    depth: int
    id: Id
    tag: str
    attributes: dict[str, Any]


class Words(NamedTuple):
    """Text that stands together and has ids that follow each other, one for each UTF-16 unit.

    ``begins`` is True for the first words of a text: they do not stand together with those before.
    """

    depth: int
    begins: bool
    id: Id
    units: int
    text: str
    marks: dict[str, Any]


def identified(state: bytes) -> Iterator[Element | Words]:
    """Yield the content of a whole state: root ``default`` first, then the texts of the others.

    What is nested deeper than ``apps.crdt.text.MAX_DEPTH`` is left out, and so are things in a
    text that are no letters. Up to 2,500,000,000 letters.
    """
    roots = sorted(root_names(state) - {ROOT})
    letters = _Letters()
    lower = with_others(state, letters.lower, _name)
    upper = with_others(state, letters.upper)
    walks = (_walk(each, roots) for each in (state, lower, upper))
    for node, low, high in zip(*walks, strict=True):
        if isinstance(node, _Tag):
            client, clock = low.tag.split(".")
            yield Element(node.depth, (int(client), int(clock)), node.tag, node.attributes)
        else:
            yield from _words(node, low.text, high.text, letters)


def _name(client: int, clock: int) -> str:
    return f"{client}.{clock}"


class _Letters:
    """Numbers the letters of an update in its order, and knows the id of each number."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._ids: list[Id] = []
        self._ends: list[int] = []
        self._count = 0
        self._count_upper = 0

    def lower(self, client: int, clock: int, length: int) -> str:
        """Return the lower digits of the next letters, which are numbered by this."""
        first = self._count
        self._count = first + length
        self._firsts.append(first)
        self._ids.append((client, clock))
        self._ends.append(self._count)
        return _digits(first, length)

    def upper(self, _client: int, _clock: int, length: int) -> str:
        """Return the upper digits of the next letters."""
        first = self._count_upper
        self._count_upper = first + length
        if first // _BASE == (first + length - 1) // _BASE:
            return _DIGITS[first // _BASE] * length
        return "".join(_DIGITS[number // _BASE] for number in range(first, first + length))

    def id(self, number: int) -> tuple[Id, int]:
        """Return the id of a letter, and the number at which the struct that it is in ends."""
        place = bisect_right(self._firsts, number) - 1
        client, clock = self._ids[place]
        return (client, clock + number - self._firsts[place]), self._ends[place]


def _digits(first: int, length: int) -> str:
    begin = first % _BASE
    if begin + length <= _BASE:
        return _DIGITS[begin : begin + length]
    return "".join(_DIGITS[number % _BASE] for number in range(first, first + length))


class _Tag(NamedTuple):
    depth: int
    tag: str
    attributes: dict[str, Any]


class _Text(NamedTuple):
    depth: int
    chunks: list[tuple[str, dict[str, Any]]]

    @property
    def text(self) -> str:
        return "".join(chunk for chunk, _ in self.chunks)


def _walk(state: bytes, roots: Sequence[str]) -> Iterator[Any]:
    """Yield each element and each text of a document, in document order."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state)
    with doc.transaction():
        stack: list[tuple[Any, int]] = [(doc.get(ROOT, type=pycrdt.XmlFragment), -1)]
        while stack:
            node, depth = stack.pop()
            if isinstance(node, pycrdt.XmlText):
                yield _Text(depth, _chunks(node))
            elif depth <= MAX_DEPTH:
                if isinstance(node, pycrdt.XmlElement):
                    found: Any = node.attributes
                    yield _Tag(depth, node.tag or "", dict(iter(found)))
                stack += [(child, depth + 1) for child in reversed(list(node.children))]
        for name in roots:  # those that are maps or lists have no text to show
            yield _Text(0, _chunks(doc.get(name, type=pycrdt.Text)))


def _chunks(text: pycrdt.XmlText | pycrdt.Text) -> list[tuple[str, dict[str, Any]]]:
    return [(chunk, marks or {}) for chunk, marks in text.diff() if isinstance(chunk, str)]


def _words(node: _Text, low: str, high: str, letters: _Letters) -> Iterator[Words]:
    """Cut a text where its marks change, and where its ids do not follow each other."""
    unit = 0
    for chunk, marks in node.chunks:
        units, place = Units(chunk), 0
        while place < units.count:
            number = (ord(high[unit]) - _FIRST_DIGIT) * _BASE + ord(low[unit]) - _FIRST_DIGIT
            id_, end = letters.id(number)
            most = min(end - number, units.count - place)
            count = most if most == 1 else _common(low[unit : unit + most], _digits(number, most))
            text = units.cut(place, place + count)
            yield Words(node.depth, not unit, id_, count, text, marks)
            place, unit = place + count, unit + count


def _common(one: str, other: str) -> int:
    """Return how long the beginning is that both have; the first letters are the same."""
    if one == other:
        return len(one)
    least, most = 1, len(one)
    while least < most:
        middle = (least + most + 1) // 2
        if one[:middle] == other[:middle]:
            least = middle
        else:
            most = middle - 1
    return least
