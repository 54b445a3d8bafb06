"""The content of a document with the id of each element and letter, in document order.

The engine knows the order and hides the ids; ``apps.crdt.analysis.id_encoding`` has it show them.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pycrdt

from apps.crdt.analysis.id_encoding import ZERO, IdEncodedState
from apps.crdt.codec.structs import Id
from apps.crdt.engine.text import MAX_DEPTH, ROOT


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


def iter_content_with_ids(state: bytes) -> Iterator[Element | Words]:
    """Yield the content of a whole state: root ``default`` first, then the texts of the others.

    What is nested deeper than ``apps.crdt.engine.text.MAX_DEPTH`` is left out, and so are things in
    a text that are no letters.
    """
    numbered = IdEncodedState.read(state)
    roots = sorted(numbered.roots - {ROOT})
    for node, *upper in zip(*(_walk(each, roots) for each in numbered.states()), strict=True):
        if isinstance(node, _Tag):
            client, clock, tag = node.tag.split(".", 2)
            yield Element(node.depth, (int(client), int(clock)), tag, node.attributes)
        else:
            yield from _words(node, upper[0].text if upper else "", numbered)


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


def _words(node: _Text, upper: str, numbered: IdEncodedState) -> Iterator[Words]:
    """Cut a text where its structs end; its marks change only there."""
    unit = 0
    for chunk, marks in node.chunks:
        place = 0
        while place < len(chunk):
            high = upper[unit] if upper else ZERO
            number = numbered.number(chunk[place], high)
            length = numbered.lengths[number]
            text = numbered.texts[number]
            yield Words(node.depth, not unit, numbered.ids[number], length, text, marks)
            place, unit = place + length, unit + length
