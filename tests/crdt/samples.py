"""Shared by the tests of this folder: golden files, views of documents, hand-written updates."""

import base64
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pycrdt
from hypothesis import settings

from apps.crdt.codec.lib0 import encode_var_uint, write_var_string
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import Vector
from apps.crdt.engine import causal_gate
from apps.crdt.engine.base import EngineDocument
from apps.crdt.ids.id_ranges import Run

#: A busy machine is no defect.
patient = settings(deadline=None)

_FOLDER = Path(__file__).parent / "golden"


class History(NamedTuple):
    """One golden history: the updates of Yjs' writers, and Yjs' view of the document after them."""

    name: str
    kind: str
    updates: list[bytes]
    vector: bytes
    state: bytes
    view: Any


@cache
def load(name: str) -> Any:
    """Return a golden file."""
    return json.loads((_FOLDER / f"{name}.json").read_text())


def unpack(text: str) -> bytes:
    """Decode bytes of a golden file."""
    return base64.b64decode(text)


def histories(name: str) -> list[History]:
    """Return the histories of a golden file."""
    return [
        History(
            one["name"],
            one["kind"],
            [unpack(update) for update in one["updates"]],
            unpack(one["vector"]),
            unpack(one["state"]),
            one["view"],
        )
        for one in load(name)
    ]


#: The golden histories, made by hand and at random.
ALL_HISTORIES = histories("histories") + histories("random")


def golden(name: str) -> History:
    """Return the golden history of this name."""
    return next(one for one in ALL_HISTORIES if one.name == name)


def apply_all(document: EngineDocument, updates: Sequence[bytes]) -> Vector:
    """Apply updates in causal order, checked by the gate; return the vector."""
    vector: Vector = {}
    for update in updates:
        header = read_update(update)
        assert causal_gate.missing_clocks(header, vector) is None
        document.apply(update, brings_structs=causal_gate.brings_structs(header, vector))
        causal_gate.advance(vector, header)
    return vector


def view_pycrdt(doc: pycrdt.Doc[Any], kind: str) -> Any:
    """Return a document's view, in the form that ``golden/make.mjs`` writes."""
    if kind == "text":
        return str(doc.get("text", type=pycrdt.Text))
    if kind == "delta":
        return [
            {"insert": part, **({"attributes": attributes} if attributes else {})}
            for part, attributes in doc.get("text", type=pycrdt.Text).diff()
        ]
    if kind == "map":
        return doc.get("map", type=pycrdt.Map).to_py()
    if kind == "array":
        return doc.get("array", type=pycrdt.Array).to_py()
    with doc.transaction():
        return [_node(child) for child in doc.get("default", type=pycrdt.XmlFragment).children]


def _node(item: Any) -> Any:
    if isinstance(item, pycrdt.XmlText):
        return "".join(part for part, _ in item.diff())
    return {
        "tag": item.tag,
        "attributes": dict(item.attributes),
        "children": [_node(child) for child in item.children],
    }


def view_y_py(doc: Any, kind: str) -> Any:
    """Return a y-py document's view, in the same form; it has no formatted view of text."""
    if kind in ("text", "delta"):
        return str(doc.get_text("text"))
    if kind == "map":
        return json.loads(doc.get_map("map").to_json())
    if kind == "array":
        return json.loads(doc.get_array("array").to_json())
    root = doc.get_xml_element("default")
    return [_y_py_node(child) for child in _y_py_children(root)]


def _y_py_children(element: Any) -> list[Any]:
    children = []
    child = element.first_child
    while child is not None:
        children.append(child)
        child = child.next_sibling
    return children


def _y_py_node(item: Any) -> Any:
    if type(item).__name__ == "YXmlText":
        return str(item)
    return {
        "tag": item.name,
        "attributes": dict(item.attributes()),
        "children": [_y_py_node(child) for child in _y_py_children(item)],
    }


def each_value(runs: Iterable[Run]) -> list[int]:
    """Return the value of each clock of runs."""
    return [run.value for run in runs for _ in range(run.first, run.end)]


# --- updates made by hand, byte by byte: what no library would write ------------------------------

#: An id of a struct: client, clock.
Id = tuple[int, int]

#: The first bytes that say what stands to the left, to the right, and that there is a key.
_LEFT, _RIGHT, _KEY = 128, 64, 32


def uints(*numbers: int) -> bytes:
    """Return integers as lib0 writes them."""
    return b"".join(map(encode_var_uint, numbers))


def string(text: str) -> bytes:
    """Return a text as lib0 writes it."""
    out = bytearray()
    write_var_string(out, text)
    return bytes(out)


def item(
    kind: int,
    content: bytes,
    *,
    left: Id | None = None,
    right: Id | None = None,
    parent: Id | str = "t",
    key: str | None = None,
) -> bytes:
    """Return an item; with an origin its parent is not written, as in Yjs."""
    info = kind | _LEFT * bool(left) | _RIGHT * bool(right) | _KEY * (key is not None)
    out = bytes((info,)) + b"".join(uints(*one) for one in (left, right) if one)
    if not left and not right:
        out += b"\x01" + string(parent) if isinstance(parent, str) else b"\x00" + uints(*parent)
        out += b"" if key is None else string(key)
    return out + content


def letters(text: str, **place: Any) -> bytes:
    """Return an item of text."""
    return item(4, string(text), **place)


def written(
    structs: Sequence[tuple[int, int, Sequence[bytes]]] = (),
    deletes: Sequence[tuple[int, Sequence[tuple[int, int]]]] = (),
) -> bytes:
    """Return an update of (client, first clock, its structs) and of (client, deleted runs)."""
    out = uints(len(structs))
    for client, clock, own in structs:
        out += uints(len(own), client, clock) + b"".join(own)
    out += uints(len(deletes))
    for client, runs in deletes:
        out += uints(client, len(runs)) + b"".join(uints(*run) for run in runs)
    return out
