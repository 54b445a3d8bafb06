"""Quarantine of documents whose load breaks or delays a process (docs/invariants.md, 11).

An operation that fails is quarantined alone (``apps.oplog.quarantine``). Where the load of all of
them kills its process or takes too long, nobody knows which one it was, so the document is
quarantined: by time, or by crash. An operator rebuilds it (``manage.py quarantine rebuild``).

A process that died while it worked on a document makes it a suspect. The next load of a suspect is
tried in a child process first.
"""

import logging
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from apps.core import clock, metrics
from apps.core.errors import QuarantinedError
from apps.core.mongo import equal
from apps.oplog.models import document_quarantine_rows

logger = logging.getLogger(__name__)

#: The reasons. Operations that a rebuild finds to be the cause are quarantined with the same words.
TOO_SLOW: Final = "too_slow"
TOO_LARGE: Final = "too_large"
CRASH: Final = "crash"
REASONS: Final = (TOO_SLOW, TOO_LARGE, CRASH)
#: A process that dies later than this after the one before is another matter, in seconds.
SUSPICION_S: Final = 3_600

_DETAILS: Final = {
    TOO_SLOW: "Loading it takes too long.",
    TOO_LARGE: "Loading it takes too much memory.",
    CRASH: "Loading it ends the process.",
}


class DocumentQuarantinedError(QuarantinedError):
    """The document is in quarantine; ``extra`` has the reason."""

    code = "document_quarantined"


class Precautions(NamedTuple):
    """How a document is to be loaded.

    ``is_suspect``: all of it is tried in a child process first. ``skipped``: the seqs of the
    operations that are left out, because they made the load fail.
    """

    is_suspect: bool
    skipped: AbstractSet[int]


NONE: Final = Precautions(is_suspect=False, skipped=frozenset())


@dataclass(frozen=True, slots=True)
class QuarantinedDocument:
    """A document in quarantine; a suspect has no ``reason``, and how many processes died."""

    document_id: str
    reason: str
    deaths: int
    set_aside_at: datetime

    @property
    def detail(self) -> str:
        """Return the reason in words."""
        return _DETAILS.get(self.reason, "")


def document_quarantine(*, document_id: str, reason: str) -> DocumentQuarantinedError:
    """Quarantine a document; return the error for its people.

    Raises ``PyMongoError`` when the store is away.
    """
    document_quarantine_rows().update_one(
        {"_id": document_id},
        {"$set": {"reason": reason, "at": clock.now().timestamp()}, "$setOnInsert": {"deaths": 0}},
        upsert=True,
    )
    metrics.QUARANTINED.labels(reason=f"document_{reason}").inc()
    logger.error("document %s is in quarantine: %s", document_id, _DETAILS[reason])
    return _error(document_id, reason)


def document_suspect(*, document_id: str) -> int:
    """Count the death of a process that worked on a document.

    Returns how many there were in a row, none of them longer than ``SUSPICION_S`` after the one
    before.
    """
    now = clock.now().timestamp()
    rows = document_quarantine_rows()
    row = rows.find_one({"_id": equal(document_id)})
    is_recent = row is not None and now - row["at"] < SUSPICION_S
    deaths = int(row["deaths"]) + 1 if row is not None and is_recent else 1
    rows.update_one(
        {"_id": document_id},
        {"$set": {"deaths": deaths, "at": now}, "$setOnInsert": {"reason": ""}},
        upsert=True,
    )
    return deaths


def suspicions_end() -> None:
    """End the suspicion of all documents: a process died and worked on none."""
    rows = document_quarantine_rows()
    for row in list(rows.find({"reason": "", "deaths": {"$gt": 0}}, {"_id": 1})):
        rows.update_one({"_id": row["_id"], "reason": ""}, {"$set": {"deaths": 0}})


def load_precautions(*, document_id: str) -> Precautions:
    """Return how a document is to be loaded. Raises ``DocumentQuarantinedError``."""
    row = document_quarantine_rows().find_one({"_id": equal(document_id)})
    if row is None:
        return NONE
    if row["reason"]:
        raise _error(document_id, row["reason"])
    is_recent = clock.now().timestamp() - row["at"] < SUSPICION_S
    skipped = row.get("skipped") or []
    return Precautions(row["deaths"] > 0 and is_recent, {int(seq) for seq in skipped})


def skipped_seqs(*, document_id: str) -> AbstractSet[int]:
    """Return the seqs of the operations that loads of a document leave out."""
    row = document_quarantine_rows().find_one({"_id": equal(document_id)}) or {}
    return {int(seq) for seq in row.get("skipped") or []}


def quarantined_documents(*, document_id: str | None = None) -> Iterator[QuarantinedDocument]:
    """Yield the documents in quarantine, the oldest first."""
    condition: dict[str, Any] = {"reason": {"$in": list(REASONS)}}
    if document_id is not None:
        condition["_id"] = equal(document_id)
    for row in document_quarantine_rows().find(condition).sort("at", 1):
        yield QuarantinedDocument(
            row["_id"], row["reason"], row["deaths"], datetime.fromtimestamp(row["at"], UTC)
        )


def document_quarantine_end(*, document_id: str, skipped: Iterable[int] = ()) -> None:
    """End the quarantine of a document; its loads leave out the operations ``skipped``."""
    row = document_quarantine_rows().find_one({"_id": equal(document_id)}) or {}
    seqs = sorted({*skipped, *(row.get("skipped") or [])})
    if not seqs:
        document_quarantine_rows().delete_one({"_id": document_id})
        return
    values = {"reason": "", "deaths": 0, "at": clock.now().timestamp(), "skipped": seqs}
    document_quarantine_rows().update_one({"_id": document_id}, {"$set": values}, upsert=True)


def _error(document_id: str, reason: str) -> DocumentQuarantinedError:
    return DocumentQuarantinedError(
        "This document does not load and is closed for repair. Nothing is lost. "
        "Ask an administrator to repair it.",
        extra={"document_id": document_id, "reason": reason},
    )
