"""Restore: an earlier state becomes the present by an edit (docs/system-flow.md, §7)."""

from dataclasses import dataclass

from apps.collab.services import operation_submit
from apps.core import ids
from apps.crdt.codec.copy_map import copy_map_decode
from apps.crdt.codec.structs import Span
from apps.crdt.edits.copied_ids import MadeEdit
from apps.crdt.edits.fragments import fragment_decode
from apps.crdt.edits.restore import (
    NO_LATE_TEXT,
    LateText,
    fragment_restoring_edit,
    restoring_edit,
)
from apps.crdt.ids.id_ranges import NO_VALUE
from apps.crdt.ids.id_set import IdSet, deleted_spans, spans_not_in
from apps.documents.models import Document
from apps.edits.events import DocumentRestored, document_restored
from apps.history.attribution import AttributionIndex, attribution_load
from apps.history.conversions import conversion_run
from apps.history.lost_text import lost_spans
from apps.history.snapshot import Snapshot
from apps.history.states import present_state, state_at
from apps.oplog.compaction_point import compaction_point_add_copies
from apps.oplog.quarantine import quarantined_seqs
from apps.oplog.selectors import operations_since


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of an edit that restores or undoes content: its seq in the log.

    ``changed`` is False where there was nothing to change, or the edit was made before.
    """

    seq: int
    changed: bool


def restore_preview(
    *,
    document_id: str,
    lineage: str,
    earlier: Snapshot,
    seen_seq: int | None = None,
    part: str = "",
) -> tuple[int, MadeEdit | None]:
    """Return the seq of the present state, and the edit that would restore the earlier one.

    With ``seen_seq`` only operations up to that one, which the caller has seen, are reverted. With
    ``part``, the name that a diff gives to deleted content, only that content is restored. The
    edit is None when there is nothing to restore. Raises ``FragmentInvalidError``,
    ``SeqNotFoundError`` and as ``document_load`` and ``conversion_run`` do.
    """
    spans = fragment_decode(part) if part else None
    if seen_seq is None:
        present = present_state(document_id=document_id)
    else:
        present = state_at(document_id=document_id, seq=seen_seq)
    states = {"earlier": earlier.state, "present": present.state}
    if spans is None:
        return present.seq, conversion_run(restoring_edit, **states)
    index = attribution_load(document_id=document_id, lineage=lineage, up_to=present.seq)
    spans = _not_there(spans, index, present)
    if not spans:
        return present.seq, None
    order = index.insertion_order()
    late = _late_text(document_id, index, earlier.seq, present)
    edit = conversion_run(
        fragment_restoring_edit, **states, fragment=spans, came_after=order.came_after, late=late
    )
    return present.seq, edit


def _not_there(spans: list[Span], index: AttributionIndex, present: Snapshot) -> list[Span]:
    """Return those id ranges of a fragment of which the present shows no copy, by copy maps."""
    there, deleted = IdSet(), IdSet(deleted_spans(present.state))
    for copied in index.copies.copies:
        for first, end, value in deleted.runs((copied.client, copied.clock), copied.length):
            if value == NO_VALUE:
                part = copied.part(first, end)
                there.add((part.source_client, part.source_clock), part.length)
    return spans_not_in(spans, there)


def _late_text(
    document_id: str, index: AttributionIndex, after: int, present: Snapshot
) -> LateText:
    """Return the text that was written into what had been deleted, and what an operation lacks."""
    lost = lost_spans(index, present.state)
    if not lost:
        return NO_LATE_TEXT
    limit = max(index.origin(max(lost)).seq - after, 0)
    operations = operations_since(document_id=document_id, after=after, limit=limit)
    quarantined = quarantined_seqs(document_id=document_id)
    return LateText(
        spans=[span for spans in lost.values() for span in spans],
        updates=[one.update for one in operations if one.seq not in quarantined],
    )


def document_restore(
    *,
    document: Document,
    earlier: Snapshot,
    user_id: str,
    number: int | None = None,
    unique_id: str = "",
    seen_seq: int | None = None,
    part: str = "",
) -> Restored:
    """Restore a document, or a part of it, by an edit of ``user_id``, who may write.

    ``number`` is that of the version, where there is one. Concurrent edits of others stay. Raises
    as ``restore_preview`` and ``operation_submit`` do.
    """
    seq, edit = restore_preview(
        document_id=document.id,
        lineage=document.lineage,
        earlier=earlier,
        seen_seq=seen_seq,
        part=part,
    )
    restored = forward_edit(document, edit, user_id=user_id, unique_id=unique_id, seq=seq)
    if restored.changed:
        event = DocumentRestored(
            document.id, user_id, earlier.seq, number, restored.seq, is_part=bool(part)
        )
        document_restored.publish(event)
    return restored


def forward_edit(
    document: Document, edit: MadeEdit | None, *, user_id: str, unique_id: str, seq: int
) -> Restored:
    """Submit an edit that was made for the document after ``seq``; None changes nothing.

    Its copies are known to be true, also where a compaction took what the log would check them
    with; the list is completed if a compaction ended meanwhile.
    """
    if edit is None:
        return Restored(seq, changed=False)
    copies = copy_map_decode(edit.copies)
    compaction_point_add_copies(document_id=document.id, copies=copies)
    submitted = operation_submit(
        document_id=document.id,
        lineage=document.lineage,
        author_id=user_id,
        unique_id=unique_id or ids.new_id(),
        update=edit.update,
        copies=edit.copies,
    )
    compaction_point_add_copies(document_id=document.id, copies=copies)
    return Restored(submitted.seq, changed=not submitted.duplicate)
