"""The edit that takes a document back to an earlier state, beside all that came since.

It is what an undo of everything since then would write: what was inserted is deleted, what was
deleted is inserted again in its place, and what stayed is not touched. So edits that are made at
the same time merge with it as with any edit.
"""

from typing import Any

import pycrdt

from apps.crdt.pieces import root_names


def restoring_update(*, earlier: bytes, present: bytes) -> bytes | None:
    """Return the v1 update that makes ``present`` look like ``earlier``; None when it does.

    Both are whole states, as v1 updates that ``read_update`` has passed, of one document.
    """
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(earlier)
    # To the manager a root is a root, of whatever type.
    names = root_names(earlier) | root_names(present)
    roots = [doc.get(name, type=pycrdt.XmlFragment) for name in sorted(names)]
    manager = pycrdt.UndoManager(scopes=roots)
    doc.apply_update(present)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(bytes(event.update)))
    while manager.can_undo():
        manager.undo()
    doc.unobserve(subscription)
    return pycrdt.merge_updates(*updates) if updates else None
