"""A document with everything that an earlier and a later state of it show."""

from typing import Any

import pycrdt

from apps.crdt.codec.structs import with_deletes


def union_state(*, earlier: bytes, later: bytes) -> tuple["pycrdt.Doc[Any]", bytes]:
    """Return what is in either of two whole states, and the earlier one's encoded vector.

    What the later one has deleted stays, and so does what the earlier one did not have yet.
    """
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(earlier)
    vector = doc.get_state()
    after: pycrdt.Doc[Any] = pycrdt.Doc()
    after.apply_update(later)
    doc.apply_update(with_deletes(after.get_update(vector), ()))
    return doc, vector
