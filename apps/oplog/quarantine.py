"""Quarantine of operations that cannot be applied (docs/system-flow.md, §9).

One of the log that cannot be applied when it is replayed, or an edit that broke the engine and
never got into the log. Nothing here is lost: the bytes, the author and the reason are kept until
somebody releases or discards them (``manage.py quarantine``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from apps.core import clock, metrics
from apps.core.errors import AppError, NotFoundError
from apps.core.mongo import equal
from apps.oplog.models import quarantine_rows
from apps.oplog.operation import Operation


class NotInQuarantineError(NotFoundError):
    """There is nothing of this id in quarantine."""

    code = "not_in_quarantine"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One operation that is set aside; ``seq`` is None when it never got into the log."""

    id: str
    document_id: str
    seq: int | None
    unique_id: str
    author_id: str
    received_at: datetime
    update: bytes
    reason: str
    detail: str
    set_aside_at: datetime
    discarded: bool


def operation_quarantine(operation: Operation, error: AppError) -> None:
    """Set an operation of the log aside; a second time changes nothing.

    Raises ``PyMongoError`` when the store is away.
    """
    _keep(operation, operation.seq, error)


def edit_quarantine(edit: Operation, error: AppError) -> None:
    """Set an edit aside that never got into the log; its ``seq`` says nothing."""
    _keep(edit, None, error)


def quarantine_iter(
    *, document_id: str | None = None, with_discarded: bool = False
) -> Iterator[Quarantined]:
    """Yield what is set aside, of one document or of all, the oldest first."""
    wanted: dict[str, Any] = {} if document_id is None else {"document_id": equal(document_id)}
    if not with_discarded:
        wanted["discarded"] = False
    for row in quarantine_rows().find(wanted).sort("set_aside_at", 1):
        yield _of_row(row)


def quarantined_seqs(*, document_id: str) -> set[int]:
    """Return the places in a document's log of what is set aside, discarded or not."""
    rows = quarantine_rows().find({"document_id": equal(document_id)}, {"seq": 1})
    return {row["seq"] for row in rows if row["seq"] is not None}


def quarantine_get(quarantine_id: str) -> Quarantined:
    """Return one. Raises ``NotInQuarantineError``."""
    row = quarantine_rows().find_one({"_id": quarantine_id})
    if row is None:
        raise NotInQuarantineError(f"There is nothing with the id {quarantine_id} in quarantine.")
    return _of_row(row)


def quarantine_discard(quarantine_id: str) -> None:
    """Give one up: it is kept, and no longer listed. Raises ``NotInQuarantineError``."""
    quarantine_get(quarantine_id)
    quarantine_rows().update_one({"_id": quarantine_id}, {"$set": {"discarded": True}})


def quarantine_remove(quarantine_id: str) -> None:
    """Take one out: it is in its document now, or will be set aside again."""
    quarantine_rows().delete_one({"_id": quarantine_id})


def quarantine_put(kept: Quarantined) -> None:
    """Store what was set aside elsewhere."""
    quarantine_rows().insert_one(_to_row(kept))


def quarantine_clear(*, document_id: str) -> None:
    """Delete all that is set aside of a document; only for an import that is taken back."""
    quarantine_rows().delete_many({"document_id": equal(document_id)})


def quarantine_key(document_id: str, *, seq: int | None, unique_id: str) -> str:
    """Return the id under which an operation of the log, or an edit, is set aside."""
    return f"{document_id}:{unique_id if seq is None else seq}"


def _keep(operation: Operation, seq: int | None, error: AppError) -> None:
    kept = Quarantined(
        id=quarantine_key(operation.document_id, seq=seq, unique_id=operation.unique_id),
        document_id=operation.document_id,
        seq=seq,
        unique_id=operation.unique_id,
        author_id=operation.author_id,
        received_at=operation.received_at,
        update=operation.update,
        reason=error.code,
        detail=error.message,
        set_aside_at=clock.now(),
        discarded=False,
    )
    try:
        quarantine_put(kept)
    except DuplicateKeyError:
        return
    metrics.QUARANTINED.labels(reason=error.code).inc()


def _to_row(kept: Quarantined) -> dict[str, Any]:
    return {
        "_id": kept.id,
        "document_id": kept.document_id,
        "seq": kept.seq,
        "unique_id": kept.unique_id,
        "author_id": kept.author_id,
        "received_at": kept.received_at,
        "update": kept.update,
        "reason": kept.reason,
        "detail": kept.detail,
        "set_aside_at": kept.set_aside_at,
        "discarded": kept.discarded,
    }


def _of_row(row: dict[str, Any]) -> Quarantined:
    return Quarantined(
        id=row["_id"],
        document_id=row["document_id"],
        seq=row["seq"],
        unique_id=row["unique_id"],
        author_id=row["author_id"],
        received_at=row["received_at"],
        update=bytes(row["update"]),
        reason=row["reason"],
        detail=row["detail"],
        set_aside_at=row["set_aside_at"],
        discarded=row["discarded"],
    )
