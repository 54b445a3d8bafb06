"""Converts between ProseMirror's JSON and Yjs documents, as y-prosemirror does.

Each node is an element. Adjacent text nodes are one text, with their marks as formats.
Source: y-prosemirror, ``sync-utils`` and ``lib``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pycrdt

from apps.core.errors import ConflictError
from apps.crdt.codec.structs import iter_structs
from apps.crdt.codec.update_writer import Position, UpdateWriter
from apps.crdt.codec.vectors import encode_vector
from apps.crdt.content.bounds import MAX_UPDATE_BYTES, ContentTooLargeError
from apps.crdt.engine.base import EngineBrokenError
from apps.crdt.engine.errors import engine_panics
from apps.crdt.engine.plain_values import plain_value
from apps.crdt.engine.text import ROOT

#: A node as ProseMirror writes it: ``{"type", "attrs"?, "content"?, "text"?, "marks"?}``.
Node = Mapping[str, Any]

#: The value of a mark without attributes.
_NO_ATTRIBUTES: Final[Mapping[str, Any]] = {}
#: The name of a mark that a text may have several times ends with a hash.
_HASHED = re.compile(r"(.*)--[a-zA-Z0-9+/=]{8}", re.DOTALL)


class ContentShapeError(ConflictError):
    """The document has content that its editor does not write, where content is to be inserted."""

    code = "content_shape"


@engine_panics()
def document_json(state: bytes) -> dict[str, Any]:
    """Return the content of a document, whose state is a v1 update, as ProseMirror's JSON.

    It nests as deep as the document does (``structure_guard.MAX_NESTING``).
    """
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state)
    content: list[dict[str, Any]] = []
    with doc.transaction():
        waiting = [(doc.get(ROOT, type=pycrdt.XmlFragment), content)]
        while waiting:
            parent, nodes = waiting.pop()
            for child in parent.children:
                if isinstance(child, pycrdt.XmlText):
                    nodes += _texts(child)
                elif isinstance(child, pycrdt.XmlElement):
                    node = _element(child)
                    nodes.append(node)
                    if "content" in node:
                        waiting.append((child, node["content"]))
    return {"type": "doc", "content": content}


def content_update(blocks: Sequence[Node]) -> tuple[bytes, bytes]:
    """Return a new document with these blocks as (v1 update, encoded version vector).

    Raises ``ContentTooLargeError``.
    """
    return _encoded(blocks, Position(parent=ROOT))


def insertion_update(state: bytes, blocks: Sequence[Node], *, at_start: bool = False) -> bytes:
    """Return the v1 update that inserts blocks at the end, or at the start, of a document.

    Raises ``ContentTooLargeError``, and ``ContentShapeError`` where the engine finds no place
    beside what is there.
    """
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state)
    try:
        with engine_panics():
            position = _insert_position(doc, at_start=at_start)
    except EngineBrokenError as err:
        raise ContentShapeError(
            "The document has text outside its paragraphs, so nothing can be inserted there. "
            "Insert at its other end, or delete that text."
        ) from err
    return _encoded(blocks, position)[0]


def _insert_position(doc: pycrdt.Doc[Any], *, at_start: bool) -> Position:
    """Return the position, found by inserting an element there into a copy of the document."""
    before = doc.get_state()
    root = doc.get(ROOT, type=pycrdt.XmlFragment)
    root.children.insert(0 if at_start else len(root.children), pycrdt.XmlElement("paragraph"))
    left, right = next(iter_structs(doc.get_update(before))).origins
    return Position(left, right, parent=ROOT)


# --- from a document -----------------------------------------------------------------------------


def _element(element: pycrdt.XmlElement) -> dict[str, Any]:
    """Return an element; if it has content, with an empty list for it."""
    node: dict[str, Any] = {"type": element.tag}
    found: Any = element.attributes
    attributes = {name: plain_value(value) for name, value in sorted(found)}
    if attributes:
        node["attrs"] = attributes
    if len(element.children):
        node["content"] = []
    return node


def _texts(text: pycrdt.XmlText) -> list[dict[str, Any]]:
    nodes = []
    for words, formats in text.diff():
        if isinstance(words, str):
            node: dict[str, Any] = {"type": "text", "text": words}
            if formats:
                node["marks"] = [_mark(name, formats[name]) for name in sorted(formats)]
            nodes.append(node)
    return nodes


def _mark(name: str, attributes: Any) -> dict[str, Any]:
    hashed = _HASHED.fullmatch(name)
    return {"type": hashed[1] if hashed else name, "attrs": plain_value(attributes)}


# --- to a document -------------------------------------------------------------------------------


def _encoded(blocks: Sequence[Node], position: Position) -> tuple[bytes, bytes]:
    client = pycrdt.Doc().client_id
    writer = UpdateWriter(client)
    _write(writer, blocks, position)
    vector = {client: writer.clock} if writer.clock else {}
    return writer.update(), encode_vector(vector)


def _write(writer: UpdateWriter, nodes: Sequence[Node], position: Position) -> None:
    run: list[Node] = []
    for node in nodes:
        _check_size(writer)
        if node["type"] == "text":
            run.append(node)
            continue
        position = _write_run(writer, run, position)
        run = []
        element = writer.element(node["type"], position)
        for name, value in node.get("attrs", _NO_ATTRIBUTES).items():
            if value is not None:
                writer.attribute(element, name, value)
        _write(writer, node.get("content", ()), Position(parent=element))
        position = position._replace(left=element)
    _write_run(writer, run, position)


def _write_run(writer: UpdateWriter, run: Sequence[Node], position: Position) -> Position:
    """Write text nodes as one text; return the position behind it."""
    if not run:
        return position
    text = writer.text(position)
    inside = Position(parent=text)
    current: dict[str, Mapping[str, Any]] = {}
    for node in run:
        wanted = {mark["type"]: mark.get("attrs", _NO_ATTRIBUTES) for mark in node.get("marks", ())}
        inside = _write_formats(writer, current, wanted, inside)
        current = wanted
        inside = Position(left=writer.characters(node["text"], inside))
        _check_size(writer)
    _write_formats(writer, current, {}, inside)
    return position._replace(left=text)


def _check_size(writer: UpdateWriter) -> None:
    if writer.size_bytes > MAX_UPDATE_BYTES:
        raise ContentTooLargeError.of("max_update_bytes", MAX_UPDATE_BYTES)


def _write_formats(
    writer: UpdateWriter,
    current: Mapping[str, Mapping[str, Any]],
    wanted: Mapping[str, Mapping[str, Any]],
    position: Position,
) -> Position:
    """End the formats that the next characters do not have; start the formats that they have."""
    for name in current.keys() - wanted.keys():
        position = Position(left=writer.format(name, None, position))
    for name, value in wanted.items():
        if current.get(name) != value:
            position = Position(left=writer.format(name, value, position))
    return position
