"""ProseMirror's JSON and Yjs documents, one made from the other, as y-prosemirror does it.

An element for each node, one text for each run of text nodes with its marks as formats.
Source: y-prosemirror, ``sync-utils`` and ``lib``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pycrdt

from apps.crdt.codec.structs import read_neighbours, read_pieces
from apps.crdt.codec.update_writer import Position, UpdateWriter
from apps.crdt.codec.vectors import encode_vector
from apps.crdt.engine.text import MAX_DEPTH, ROOT

#: A node as ProseMirror writes it: ``{"type", "attrs"?, "content"?, "text"?, "marks"?}``.
Node = Mapping[str, Any]

#: What the mark of a piece of text is worth when it has no attributes.
_NO_ATTRIBUTES: Final[Mapping[str, Any]] = {}
#: A mark that may stand on a text several times has a hash behind its name.
_HASHED = re.compile(r"(.*)--[a-zA-Z0-9+/=]{8}", re.DOTALL)


def document_json(state: bytes) -> dict[str, Any]:
    """Return the content of a document, whose state is a v1 update, as ProseMirror's JSON.

    What is nested deeper than ``apps.crdt.engine.text.MAX_DEPTH`` is left out.
    """
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state)
    with doc.transaction():
        return {"type": "doc", "content": _children(doc.get(ROOT, type=pycrdt.XmlFragment), 1)}


def content_update(blocks: Sequence[Node]) -> tuple[bytes, bytes]:
    """Return a new document with these blocks as (v1 update, encoded version vector)."""
    return _written(blocks, Position(parent=ROOT))


def insertion_update(state: bytes, blocks: Sequence[Node], *, at_start: bool = False) -> bytes:
    """Return the v1 update that puts blocks behind, or before, the content of a document."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state)
    return _written(blocks, _place(doc, at_start=at_start))[0]


def _place(doc: pycrdt.Doc[Any], *, at_start: bool) -> Position:
    """Find out how the engine names the place, by an element that goes there and is forgotten."""
    before = doc.get_state()
    root = doc.get(ROOT, type=pycrdt.XmlFragment)
    root.children.insert(0 if at_start else len(root.children), pycrdt.XmlElement("paragraph"))
    left, right = read_neighbours(next(read_pieces(doc.get_update(before))))
    return Position(left, right, parent=ROOT)


# --- from a document -----------------------------------------------------------------------------


def _children(parent: pycrdt.XmlFragment | pycrdt.XmlElement, depth: int) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    for child in parent.children:
        if isinstance(child, pycrdt.XmlText):
            nodes += _texts(child)
        elif isinstance(child, pycrdt.XmlElement) and depth <= MAX_DEPTH:
            nodes.append(_element(child, depth))
    return nodes


def _element(element: pycrdt.XmlElement, depth: int) -> dict[str, Any]:
    node: dict[str, Any] = {"type": element.tag}
    found: Any = element.attributes
    attributes = {name: plain_value(value) for name, value in sorted(found)}
    if attributes:
        node["attrs"] = attributes
    if len(element.children):
        node["content"] = _children(element, depth + 1)
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


def plain_value(value: Any) -> Any:
    """Return a value with integers where JavaScript has integers; the engine makes floats."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: plain_value(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [plain_value(one) for one in value]
    return value


# --- to a document -------------------------------------------------------------------------------


def _written(blocks: Sequence[Node], place: Position) -> tuple[bytes, bytes]:
    client = pycrdt.Doc().client_id
    writer = UpdateWriter(client)
    _write(writer, blocks, place)
    vector = {client: writer.clock} if writer.clock else {}
    return writer.update(), encode_vector(vector)


def _write(writer: UpdateWriter, nodes: Sequence[Node], place: Position) -> None:
    run: list[Node] = []
    for node in nodes:
        if node["type"] == "text":
            run.append(node)
            continue
        place = _write_run(writer, run, place)
        run = []
        element = writer.element(node["type"], place)
        for name, value in node.get("attrs", _NO_ATTRIBUTES).items():
            if value is not None:
                writer.attribute(element, name, value)
        _write(writer, node.get("content", ()), Position(parent=element))
        place = place._replace(left=element)
    _write_run(writer, run, place)


def _write_run(writer: UpdateWriter, run: Sequence[Node], place: Position) -> Position:
    """Write text nodes as one text, and return the place behind it."""
    if not run:
        return place
    text = writer.text(place)
    inside = Position(parent=text)
    current: dict[str, Mapping[str, Any]] = {}
    for node in run:
        wanted = {mark["type"]: mark.get("attrs", _NO_ATTRIBUTES) for mark in node.get("marks", ())}
        inside = _write_formats(writer, current, wanted, inside)
        current = wanted
        inside = Position(left=writer.characters(node["text"], inside))
    _write_formats(writer, current, {}, inside)
    return place._replace(left=text)


def _write_formats(
    writer: UpdateWriter,
    current: Mapping[str, Mapping[str, Any]],
    wanted: Mapping[str, Mapping[str, Any]],
    place: Position,
) -> Position:
    """End the formats that the next characters do not have, begin those that they have."""
    for name in current.keys() - wanted.keys():
        place = Position(left=writer.format(name, None, place))
    for name, value in wanted.items():
        if current.get(name) != value:
            place = Position(left=writer.format(name, value, place))
    return place
