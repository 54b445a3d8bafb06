"""The update that restores an earlier state of a document, or a fragment of it.

It is what an undo of everything since then would write: inserted content is deleted, deleted
content is inserted again in its place, and unchanged content is not touched. So concurrent edits
merge with it as with any edit.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import pycrdt

from apps.crdt.analysis.diff import union_state
from apps.crdt.codec.structs import EMPTY_UPDATE, Span, with_deletes
from apps.crdt.edits.copied_ids import Encode, MadeEdit, edit_with_copies
from apps.crdt.edits.duplicate_inserts import CameAfter, duplicate_spans, with_only_these_deletes
from apps.crdt.edits.fragments import fragment_expand, fragment_late
from apps.crdt.engine.errors import engine_panics
from apps.crdt.ids.id_set import IdSet, deleted_spans, spans_in, spans_not_in


def restoring_edit(*, earlier: bytes, present: bytes) -> MadeEdit | None:
    """Return ``restoring_update`` with its copy map."""

    def make(encode: Encode, client_id: int) -> bytes | None:
        return restoring_update(
            earlier=encode(earlier), present=encode(present), client_id=client_id
        )

    return edit_with_copies(make, [earlier, present])


class LateText(NamedTuple):
    """Text that was written into what somebody else deleted: no operation has deleted it.

    ``spans`` are its ids, ``updates`` the operations after the earlier state up to it.
    """

    spans: Sequence[Span]
    updates: Sequence[bytes]


NO_LATE_TEXT: Final = LateText((), ())


def fragment_restoring_edit(
    *,
    earlier: bytes,
    present: bytes,
    fragment: Sequence[Span],
    came_after: CameAfter,
    late: LateText = NO_LATE_TEXT,
) -> MadeEdit | None:
    """Return ``fragment_restoring_update`` with its copy map."""

    def make(encode: Encode, client_id: int) -> bytes | None:
        return fragment_restoring_update(
            earlier=encode(earlier),
            present=encode(present),
            fragment=fragment,
            came_after=came_after,
            late=late._replace(updates=[encode(update) for update in late.updates]),
            client_id=client_id,
        )

    return edit_with_copies(make, [earlier, *late.updates, present])


@engine_panics()
def restoring_update(
    *, earlier: bytes, present: bytes, client_id: int | None = None
) -> bytes | None:
    """Return the v1 update that makes ``present`` equal to ``earlier``; None if it is already.

    Both are whole states of one document, which ``read_update`` has read. What the update inserts
    has the client id ``client_id``, a random one if it is None.
    """
    doc, after = pycrdt.Doc[Any](client_id=client_id), pycrdt.Doc[Any]()
    doc.apply_update(earlier)
    after.apply_update(present)
    names = {*doc.keys(), *after.keys()}
    # The undo manager accepts a root of any type as a fragment.
    roots = [doc.get(name, type=pycrdt.XmlFragment) for name in sorted(names)]
    manager = pycrdt.UndoManager(scopes=roots)
    doc.apply_update(present)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(bytes(event.update)))
    while manager.can_undo():
        manager.undo()
    doc.unobserve(subscription)
    return pycrdt.merge_updates(*updates) if updates else None


@engine_panics()
def fragment_restoring_update(
    *,
    earlier: bytes,
    present: bytes,
    fragment: Sequence[Span],
    came_after: CameAfter,
    late: LateText = NO_LATE_TEXT,
    client_id: int | None = None,
) -> bytes | None:
    """Return the v1 update that inserts a fragment of ``earlier`` into ``present`` again.

    With the content of the fragment's elements, and with the elements around it. Content that
    ``present`` still shows is not touched. ``came_after`` finds copies that an earlier restore has
    inserted: they are not inserted again. ``late`` text comes back with the fragment, which may be
    of such text alone; the update deletes its ids too, because no operation has done so. None if
    nothing of the fragment is missing.
    """
    whole = fragment_expand(earlier, fragment)
    if late.spans:
        earlier = _with_updates(earlier, late.updates)
        named = spans_in(fragment, IdSet(late.spans))
        whole.add_spans(fragment_expand(earlier, named).spans())
    back = fragment_late(earlier, late.spans, whole)
    whole.add_spans(back)
    doc, _ = union_state(earlier=earlier, later=present)
    others = spans_not_in(deleted_spans(present), whole)
    doc.apply_update(with_deletes(EMPTY_UPDATE, others))
    wanted = doc.get_update()
    update = restoring_update(earlier=wanted, present=present, client_id=client_id)
    if update is None:
        return None
    duplicates = duplicate_spans(update, state=present, came_after=came_after)
    return with_only_these_deletes(update, [*deleted_spans(update), *duplicates, *back])


def _with_updates(state: bytes, updates: Sequence[bytes]) -> bytes:
    """Return a state with all that some updates insert, and without their deletions."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in (state, *(with_deletes(update, ()) for update in updates)):
        doc.apply_update(update)
    return doc.get_update()
