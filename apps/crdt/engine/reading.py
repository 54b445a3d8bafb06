"""The reading of a document: what its readers see, in a form that can be compared.

Two documents of the same structs may still show them in another order (ADR 0017).
"""

from collections.abc import Iterator
from typing import Any, cast

import pycrdt

from apps.crdt.engine.plain_values import plain_value
from apps.crdt.engine.text import ROOT

#: A tag with its level, or a run of text with its marks.
Reading = list[tuple[Any, ...]]


def document_reading(doc: pycrdt.Doc[Any]) -> Reading:
    """Return the elements and texts of root ``default`` in order, and the texts of other roots.

    Attributes have no order, and are left out.
    """
    with doc.transaction() as transaction:
        # The library has no other list of them.
        names = doc._doc.roots(cast("Any", transaction)._txn)  # noqa: SLF001
        reading = list(_nodes(doc.get(ROOT, type=pycrdt.XmlFragment)))
        for name in sorted(names.keys() - {ROOT}):
            reading.append((name,))
            reading += _runs(doc.get(name, type=pycrdt.Text))
        return reading


def _nodes(root: pycrdt.XmlFragment) -> Iterator[tuple[Any, ...]]:
    """Yield the nodes of a tree in document order, walked with an explicit stack."""
    stack: list[tuple[int, Any]] = [(0, root)]
    while stack:
        level, node = stack.pop()
        if isinstance(node, pycrdt.XmlText):
            yield (level,)
            yield from _runs(node)
            continue
        if isinstance(node, pycrdt.XmlElement):
            yield level, node.tag
        stack += [(level + 1, child) for child in reversed(list(node.children))]


def _runs(text: pycrdt.Text | pycrdt.XmlText) -> Iterator[tuple[Any, ...]]:
    """Yield the runs of a text with their marks, joined wherever the engine splits them."""
    letters, marks = "", ""
    for chunk, formats in text.diff():
        current = repr(plain_value(formats or {}))
        if not isinstance(chunk, str) or current != marks:
            if letters:
                yield letters, marks
            letters, marks = "", current
        if isinstance(chunk, str):
            letters += chunk
        else:
            yield repr(plain_value(chunk)), marks
    if letters:
        yield letters, marks
