"""The content of a document with the id of each element and letter, in document order.

The engine knows the order and hides the ids. So it is given the same state once more with other
words: the letters of each struct are its number, and each element is named by its id.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import pycrdt

from apps.crdt.contents import ELEMENT, STRING
from apps.crdt.lib0 import write_var_string
from apps.crdt.pieces import Id, Piece, is_element, rewritten, root_name
from apps.crdt.text import MAX_DEPTH, ROOT
from apps.crdt.units import Units

#: Digits of a struct's number; none is half of a surrogate pair.
_BASE: Final = 50_000
_FIRST_DIGIT: Final = 0x100


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
    text that are no letters.
    """
    structs = _Structs()
    lower = rewritten(state, structs.lower)
    roots = sorted(structs.roots - {ROOT})
    walks = [_walk(state, roots), _walk(lower, roots)]
    if structs.count > _BASE:
        walks.append(_walk(rewritten(state, _Structs().upper), roots))
    for node, low, *high in zip(*walks, strict=True):
        if isinstance(node, _Tag):
            client, clock = low.tag.split(".")
            yield Element(node.depth, (int(client), int(clock)), node.tag, node.attributes)
        else:
            yield from _words(node, low.text, high[0].text if high else None, structs)


class _Structs:
    """Numbers the runs of text of an update, in its order."""

    def __init__(self) -> None:
        self.roots: set[str] = set()
        #: By number: the id, and how many units it has.
        self._ids: list[Id] = []
        self._lengths: list[int] = []

    @property
    def count(self) -> int:
        """Return how many there are."""
        return len(self._ids)

    def lower(self, piece: Piece, length: int) -> bytes | None:
        """Return a struct with the lower digit of its number for letters, or named by its id."""
        root = root_name(piece)
        if root is not None:
            self.roots.add(root)
        if is_element(piece):
            out = bytearray((ELEMENT,))
            write_var_string(out, f"{piece.client}.{piece.clock}")
            return bytes(out)
        return self._letters(piece, length, 1)

    def upper(self, piece: Piece, length: int) -> bytes | None:
        """Return a struct with the upper digit of its number for letters."""
        return self._letters(piece, length, _BASE)

    def _letters(self, piece: Piece, length: int, unit: int) -> bytes | None:
        if piece.kind != STRING or not piece.content:
            return None
        digit = len(self._ids) // unit % _BASE
        self._ids.append((piece.client, piece.clock))
        self._lengths.append(length)
        out = bytearray()
        write_var_string(out, chr(_FIRST_DIGIT + digit) * length)
        return bytes(out)

    def find(self, low: str, high: str) -> tuple[Id, int]:
        """Return the id of the struct with these digits, and how many units it has."""
        number = (ord(high) - _FIRST_DIGIT) * _BASE + ord(low) - _FIRST_DIGIT
        return self._ids[number], self._lengths[number]


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


def _words(node: _Text, low: str, high: str | None, structs: _Structs) -> Iterator[Words]:
    """Cut a text where its structs end; its marks change only there."""
    unit = 0
    for chunk, marks in node.chunks:
        units, place = Units(chunk), 0
        while place < units.count:
            id_, length = structs.find(low[unit], high[unit] if high else _ZERO)
            text = units.cut(place, place + length)
            yield Words(node.depth, not unit, id_, length, text, marks)
            place, unit = place + length, unit + length


_ZERO: Final = chr(_FIRST_DIGIT)
