"""Undo of one person's edits since a seq, by one more edit (docs/system-flow.md, §7)."""

from datetime import datetime

from apps.crdt.edits.copied_ids import MadeEdit
from apps.crdt.edits.undo import Edit, undoing_edit
from apps.documents.models import Document
from apps.edits.events import AuthorUndone, author_undone
from apps.edits.restore import Restored, forward_edit
from apps.history.conversions import conversion_run
from apps.history.states import state_at
from apps.oplog.quarantine import quarantined_seqs
from apps.oplog.selectors import operations_since, seq_before


def undo_preview(
    *,
    document_id: str,
    author_id: str,
    after_seq: int | None = None,
    since: datetime | None = None,
    seen_seq: int | None = None,
) -> tuple[int, int, MadeEdit | None]:
    """Return ``(after seq, last seq, edit)``: the edit undoes ``author_id``'s edits in between.

    They start after operation ``after_seq``, or at the time ``since``, and end with ``seen_seq`` if
    it is given. The edit is None when there is nothing to undo. Raises ``SeqNotFoundError``,
    ``LogGapError``, and as ``conversion_run`` does.
    """
    if after_seq is None:
        after_seq = 0 if since is None else seq_before(document_id=document_id, moment=since)
    earlier = state_at(document_id=document_id, seq=after_seq)
    limit = None if seen_seq is None else max(seen_seq - after_seq, 0)
    operations = operations_since(document_id=document_id, after=after_seq, limit=limit)
    quarantined = quarantined_seqs(document_id=document_id)
    edits = [
        Edit(operation.update, operation.author_id == author_id)
        for operation in operations
        if operation.seq not in quarantined
    ]
    seq = operations[-1].seq if operations else after_seq
    edit = conversion_run(undoing_edit, earlier=earlier.state, edits=edits)
    return after_seq, seq, edit


def author_undo(
    *,
    document: Document,
    author_id: str,
    user_id: str,
    after_seq: int | None = None,
    since: datetime | None = None,
    seen_seq: int | None = None,
    unique_id: str = "",
) -> Restored:
    """Undo the edits of ``author_id``, by an edit of ``user_id``, who owns the document.

    Raises as ``undo_preview`` and ``operation_submit`` do.
    """
    after, seq, edit = undo_preview(
        document_id=document.id,
        author_id=author_id,
        after_seq=after_seq,
        since=since,
        seen_seq=seen_seq,
    )
    restored = forward_edit(document, edit, user_id=user_id, unique_id=unique_id, seq=seq)
    if restored.changed:
        author_undone.publish(AuthorUndone(document.id, user_id, author_id, after, restored.seq))
    return restored
