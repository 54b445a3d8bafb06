"""The content of a document with the id of each element and character, in document order.

The engine knows the order and hides the ids. ``apps.crdt.analysis.id_encoding`` encodes the ids
into the content that the engine is given.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pycrdt

from apps.crdt.analysis.id_encoding import ZERO_DIGIT, IdEncodedState
from apps.crdt.codec.structs import Id
from apps.crdt.engine.errors import engine_panics
from apps.crdt.engine.plain_values import plain_value
from apps.crdt.engine.text import ROOT


class Element(NamedTuple):
    """The start of an element; ``depth`` is 0 in a root.

    Attributes, and the marks of a text, are ``plain_value``.
    """

    depth: int
    id: Id
    tag: str
    attributes: dict[str, Any]


class TextRun(NamedTuple):
    """Adjacent characters with consecutive ids, one id for each of ``length`` UTF-16 units.

    ``starts_text`` is True for the first run of a text, which does not continue the run before it.
    """

    depth: int
    starts_text: bool
    id: Id
    length: int
    text: str
    marks: dict[str, Any]


def iter_content_with_ids(state: bytes) -> Iterator[Element | TextRun]:
    """Yield the content of a whole state: root ``default`` first, then the texts of other roots.

    Embeds in a text are left out.
    """
    with engine_panics():
        yield from _content(IdEncodedState.read(state))


def _content(encoded: IdEncodedState) -> Iterator[Element | TextRun]:
    roots = sorted(encoded.roots - {ROOT})
    walks = [_walk(encoded_state, roots) for encoded_state in encoded.states()]
    for node, *upper in zip(*walks, strict=True):
        if isinstance(node, _Tag):
            client, clock, tag = node.tag.split(".", 2)
            yield Element(node.depth, (int(client), int(clock)), tag, node.attributes)
        else:
            yield from _text_runs(node, upper[0].text if upper else "", encoded)


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
            else:
                if isinstance(node, pycrdt.XmlElement):
                    found: Any = node.attributes
                    yield _Tag(depth, node.tag or "", plain_value(dict(iter(found))))
                stack += [(child, depth + 1) for child in reversed(list(node.children))]
        for name in roots:  # maps and lists have no text
            yield _Text(0, _chunks(doc.get(name, type=pycrdt.Text)))


def _chunks(text: pycrdt.XmlText | pycrdt.Text) -> list[tuple[str, dict[str, Any]]]:
    return [
        (chunk, plain_value(marks or {})) for chunk, marks in text.diff() if isinstance(chunk, str)
    ]


def _text_runs(node: _Text, upper: str, encoded: IdEncodedState) -> Iterator[TextRun]:
    """Split a text where its structs end; marks change only at the end of a struct."""
    unit = 0
    for chunk, marks in node.chunks:
        offset = 0
        while offset < len(chunk):
            high = upper[unit] if upper else ZERO_DIGIT
            index = encoded.struct_index(chunk[offset], high)
            length = encoded.lengths[index]
            text = encoded.texts[index]
            yield TextRun(node.depth, not unit, encoded.ids[index], length, text, marks)
            offset, unit = offset + length, unit + length
