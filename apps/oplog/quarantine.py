"""Quarantine of operations that cannot be applied (docs/system-flow.md, §9).

An operation of the log that cannot be applied in a replay is quarantined, and so is an edit that
broke the engine and was not logged. Nothing is lost: the bytes, the author and the reason are
stored until an operator releases or discards the operation (``manage.py quarantine``).
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
    """There is no quarantined operation of this id."""

    code = "not_in_quarantine"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A quarantined operation; ``seq`` is None for an edit that was not logged."""

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
    """Quarantine an operation of the log; a repeated call changes nothing.

    Raises ``PyMongoError`` when the store is away.
    """
    _quarantine(operation, operation.seq, error)


def edit_quarantine(edit: Operation, error: AppError) -> None:
    """Quarantine an edit that was not logged; its ``seq`` is ignored."""
    _quarantine(edit, None, error)


def quarantine_iter(
    *, document_id: str | None = None, with_discarded: bool = False
) -> Iterator[Quarantined]:
    """Yield the quarantined operations of one document or of all, the oldest first."""
    condition: dict[str, Any] = {} if document_id is None else {"document_id": equal(document_id)}
    if not with_discarded:
        condition["discarded"] = False
    for row in quarantine_rows().find(condition).sort("set_aside_at", 1):
        yield _from_row(row)


def quarantined_seqs(*, document_id: str) -> set[int]:
    """Return the seqs of the quarantined operations of a document, discarded or not."""
    rows = quarantine_rows().find({"document_id": equal(document_id)}, {"seq": 1})
    return {row["seq"] for row in rows if row["seq"] is not None}


def quarantine_get(quarantine_id: str) -> Quarantined:
    """Return a quarantined operation. Raises ``NotInQuarantineError``."""
    row = quarantine_rows().find_one({"_id": quarantine_id})
    if row is None:
        raise NotInQuarantineError(
            f"There is no operation with the id {quarantine_id} in quarantine."
        )
    return _from_row(row)


def quarantine_discard(quarantine_id: str) -> None:
    """Discard an operation: it stays stored, unlisted. Raises ``NotInQuarantineError``."""
    quarantine_get(quarantine_id)
    quarantine_rows().update_one({"_id": quarantine_id}, {"$set": {"discarded": True}})


def quarantine_remove(quarantine_id: str) -> None:
    """Remove an operation, because it is applied now, or will be quarantined again."""
    quarantine_rows().delete_one({"_id": quarantine_id})


def quarantine_put(quarantined: Quarantined) -> None:
    """Store a quarantined operation of an import."""
    quarantine_rows().insert_one(_to_row(quarantined))


def quarantine_clear(*, document_id: str) -> None:
    """Delete the quarantined operations of a document; only to cancel an import."""
    quarantine_rows().delete_many({"document_id": equal(document_id)})


def quarantine_key(document_id: str, *, seq: int | None, unique_id: str) -> str:
    """Return the id of a quarantined operation of the log, or of an edit."""
    return f"{document_id}:{unique_id if seq is None else seq}"


def _quarantine(operation: Operation, seq: int | None, error: AppError) -> None:
    quarantined = Quarantined(
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
        quarantine_put(quarantined)
    except DuplicateKeyError:
        return
    metrics.QUARANTINED.labels(reason=error.code).inc()


def _to_row(quarantined: Quarantined) -> dict[str, Any]:
    return {
        "_id": quarantined.id,
        "document_id": quarantined.document_id,
        "seq": quarantined.seq,
        "unique_id": quarantined.unique_id,
        "author_id": quarantined.author_id,
        "received_at": quarantined.received_at,
        "update": quarantined.update,
        "reason": quarantined.reason,
        "detail": quarantined.detail,
        "set_aside_at": quarantined.set_aside_at,
        "discarded": quarantined.discarded,
    }


def _from_row(row: dict[str, Any]) -> Quarantined:
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
