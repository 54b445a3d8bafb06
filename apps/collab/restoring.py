"""A document taken back to an earlier moment by one more edit (§7): nothing leaves the log."""

from dataclasses import dataclass

from apps.collab.events import TakenBack, document_taken_back
from apps.collab.services import operation_submit
from apps.core import ids
from apps.crdt.restore import restoring_update
from apps.documents.models import Document
from apps.history.moments import moment_content, present_content
from apps.history.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Restored:
    """Where the edit is in the log.

    ``changed`` is False where there was nothing to take back, or it was done before.
    """

    seq: int
    changed: bool


def restore_preview(
    *, document_id: str, earlier: Snapshot, seen_seq: int | None = None
) -> tuple[int, bytes | None]:
    """Return the edit that would take a document back, and the seq that it is made for.

    With ``seen_seq`` only what came up to that operation is taken back: what the caller saw. None
    when there is nothing to take back. Raises ``SeqNotFoundError`` and as ``document_load`` does.
    """
    if seen_seq is None:
        present = present_content(document_id=document_id)
    else:
        present = moment_content(document_id=document_id, seq=seen_seq)
    return present.seq, restoring_update(earlier=earlier.state, present=present.state)


def document_restore_to(
    *,
    document: Document,
    earlier: Snapshot,
    user_id: str,
    number: int | None = None,
    unique_id: str = "",
    seen_seq: int | None = None,
) -> Restored:
    """Take a document back to what it was, as an edit of ``user_id``, who has the right to write.

    ``number`` is that of the version, where it is one. What others write meanwhile stays. Raises
    as ``restore_preview`` and ``operation_submit`` do.
    """
    seq, update = restore_preview(document_id=document.id, earlier=earlier, seen_seq=seen_seq)
    if update is None:
        return Restored(seq, changed=False)
    submitted = operation_submit(
        document_id=document.id,
        lineage=document.lineage,
        author_id=user_id,
        unique_id=unique_id or ids.new_id(),
        update=update,
    )
    if not submitted.duplicate:
        document_taken_back.publish(TakenBack(document.id, user_id, earlier.seq, number))
    return Restored(submitted.seq, changed=not submitted.duplicate)
