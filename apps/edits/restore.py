"""Restore: an earlier state becomes the present by an edit (docs/system-flow.md, §7)."""

from dataclasses import dataclass

from apps.collab.services import operation_submit
from apps.core import ids
from apps.crdt.edits.fragments import fragment_decode
from apps.crdt.edits.restore import fragment_restoring_update, restoring_update
from apps.documents.models import Document
from apps.edits.events import DocumentRestored, document_restored
from apps.history.attribution import attribution_load
from apps.history.snapshot import Snapshot
from apps.history.states import present_state, state_at


@dataclass(frozen=True, slots=True)
class Restored:
    """Where the edit is in the log.

    ``changed`` is False where there was nothing to take back, or it was done before.
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
) -> tuple[int, bytes | None]:
    """Return the edit that would take a document back, and the seq that it is made for.

    With ``seen_seq`` only what came up to that operation is taken back: what the caller saw. With
    ``part``, as a diff names what was deleted, only that comes back. None when there is nothing
    to take back. Raises ``FragmentInvalidError``, ``SeqNotFoundError`` and as ``document_load``
    does.
    """
    spans = fragment_decode(part) if part else None
    if seen_seq is None:
        present = present_state(document_id=document_id)
    else:
        present = state_at(document_id=document_id, seq=seen_seq)
    states = {"earlier": earlier.state, "present": present.state}
    if spans is None:
        return present.seq, restoring_update(**states)
    clocks = attribution_load(document_id=document_id, lineage=lineage, up_to=present.seq)
    update = fragment_restoring_update(**states, part=spans, came_after=clocks.came_after)
    return present.seq, update


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
    """Take a document, or a part, back to what it was: an edit of ``user_id``, who may write.

    ``number`` is that of the version, where it is one. What others write meanwhile stays. Raises
    as ``restore_preview`` and ``operation_submit`` do.
    """
    seq, update = restore_preview(
        document_id=document.id,
        lineage=document.lineage,
        earlier=earlier,
        seen_seq=seen_seq,
        part=part,
    )
    restored = forward_edit(document, update, user_id=user_id, unique_id=unique_id, seq=seq)
    if restored.changed:
        taken = DocumentRestored(
            document.id, user_id, earlier.seq, number, restored.seq, is_part=bool(part)
        )
        document_restored.publish(taken)
    return restored


def forward_edit(
    document: Document, update: bytes | None, *, user_id: str, unique_id: str, seq: int
) -> Restored:
    """Submit an edit that was made for the document after ``seq``, if there is one."""
    if update is None:
        return Restored(seq, changed=False)
    submitted = operation_submit(
        document_id=document.id,
        lineage=document.lineage,
        author_id=user_id,
        unique_id=unique_id or ids.new_id(),
        update=update,
    )
    return Restored(submitted.seq, changed=not submitted.duplicate)
