"""ProseMirror's JSON as a Yjs document: for content that does not come from an editor."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pycrdt

from apps.crdt.text import ROOT

#: A node as ProseMirror writes it: ``{"type", "attrs"?, "content"?, "text"?, "marks"?}``.
Node = Mapping[str, Any]

#: What the mark of a piece of text is worth when it has no attributes.
_NO_ATTRIBUTES: Final[Mapping[str, Any]] = {}


def content_update(blocks: Sequence[Node]) -> tuple[bytes, bytes]:
    """Return a new document with these blocks as (v1 update, encoded version vector).

    The form is y-prosemirror's: an element for each node, one text for each run of text nodes
    with its marks as formats. Source: y-prosemirror, ``sync-utils``.
    """
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    with doc.transaction():
        root = doc.get(ROOT, type=pycrdt.XmlFragment)
        _fill(root, blocks)
    return doc.get_update(), doc.get_state()


def _fill(parent: pycrdt.XmlFragment | pycrdt.XmlElement, nodes: Sequence[Node]) -> None:
    text: pycrdt.XmlText | None = None
    for node in nodes:
        if node["type"] == "text":
            if text is None:
                text = parent.children.append(pycrdt.XmlText())
            text.insert(
                len(text),
                node["text"],
                {mark["type"]: mark.get("attrs", _NO_ATTRIBUTES) for mark in node.get("marks", ())},
            )
        else:
            text = None
            element = parent.children.append(pycrdt.XmlElement(node["type"]))
            for name, value in node.get("attrs", _NO_ATTRIBUTES).items():
                element.attributes[name] = value
            _fill(element, node.get("content", ()))
