"""The edit that takes a document back to an earlier state, beside all that came since.

It is what an undo of everything since then would write: what was inserted is deleted, what was
deleted is inserted again in its place, and what stayed is not touched. So edits that are made at
the same time merge with it as with any edit.
"""

from collections.abc import Sequence
from typing import Any

import pycrdt

from apps.crdt.analysis.union import union_state
from apps.crdt.codec.structs import NOTHING, Span, with_deletes
from apps.crdt.edits.duplicate_inserts import CameAfter, duplicate_spans, with_only_these_deletes
from apps.crdt.edits.fragments import fragment_whole
from apps.crdt.ids.id_set import cut_spans, deleted_spans


def restoring_update(*, earlier: bytes, present: bytes) -> bytes | None:
    """Return the v1 update that makes ``present`` look like ``earlier``; None when it does.

    Both are whole states, as v1 updates that ``read_update`` has passed, of one document.
    """
    doc, after = pycrdt.Doc[Any](), pycrdt.Doc[Any]()
    doc.apply_update(earlier)
    after.apply_update(present)
    names = {*doc.keys(), *after.keys()}
    # To the manager a root is a root, of whatever type.
    roots = [doc.get(name, type=pycrdt.XmlFragment) for name in sorted(names)]
    manager = pycrdt.UndoManager(scopes=roots)
    doc.apply_update(present)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(bytes(event.update)))
    while manager.can_undo():
        manager.undo()
    doc.unobserve(subscription)
    return pycrdt.merge_updates(*updates) if updates else None


def fragment_restoring_update(
    *, earlier: bytes, present: bytes, part: Sequence[Span], came_after: CameAfter
) -> bytes | None:
    """Return the v1 update that takes a part of ``earlier`` back into ``present``.

    With all that stood in the part's elements, and with those that the part stood in; what is
    there still is not touched, nor what came back before, which ``came_after`` tells. None when
    nothing of it is missing.
    """
    whole = fragment_whole(earlier, part)
    doc, _ = union_state(earlier=earlier, later=present)
    others = cut_spans(deleted_spans(present), whole, marked=False)
    doc.apply_update(with_deletes(NOTHING, others))
    wanted = doc.get_update()
    update = restoring_update(earlier=wanted, present=present)
    if update is None:
        return None
    again = duplicate_spans(update, state=present, came_after=came_after)
    return with_only_these_deletes(update, [*deleted_spans(update), *again])
