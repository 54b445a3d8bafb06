"""The head of each log, and how far Kafka has confirmed it (docs/system-flow.md, §4).

Written by the log after each batch, in bulk: a handful of documents per round trip. Every write
only moves forward, so a late one changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from apps.core.mongo_datetime import datetime_text
from apps.documents.models import Document

#: Updates in one command; above fifty some Mongo dialects hang.
UPDATES_PER_COMMAND = 50


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a document's log: its last ``seq`` and the state vector after it."""

    document_id: str
    seq: int
    version_vector: bytes
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """Operations ``first`` to ``last`` of a document are confirmed by Kafka, without a gap."""

    document_id: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class StoredHead:
    """What *documents* says of a log: its end, how far Kafka is, and whether it lacks any."""

    seq: int
    version_vector: bytes
    published_seq: int
    unpublished: bool


def heads_advance(heads: Sequence[Head]) -> None:
    """Store the new ends of some documents' logs, marked as not yet published."""
    _write(head_update(head) for head in heads)


def head_update(head: Head, *, namespace: str | None = None) -> UpdateOne:
    """Return the write of a log's new end; with a namespace, for a command of many collections."""
    return UpdateOne(
        {"_id": head.document_id, "seq": {"$lt": head.seq}},
        {
            "$set": {
                "seq": head.seq,
                "version_vector": head.version_vector,
                "updated_at": datetime_text(head.updated_at),
                "unpublished": True,
            }
        },
        namespace=namespace,
    )


def published_advance(runs: Sequence[Published]) -> None:
    """Move the published marks; a run that does not join on to its document's mark is left out.

    What it leaves out, or what a process could not say before it died, the relay publishes again.
    """
    _write(update for run in runs for update in _published_updates(run))


def _published_updates(run: Published) -> Iterator[UpdateOne]:
    yield UpdateOne(
        {"_id": run.document_id, "published_seq": {"$gte": run.first - 1, "$lt": run.last}},
        {"$set": {"published_seq": run.last}},
    )
    yield UpdateOne(
        {"_id": run.document_id, "seq": run.last, "published_seq": run.last},
        {"$set": {"unpublished": False}},
    )


def heads_get(document_ids: Sequence[str]) -> dict[str, int]:
    """Return the stored last ``seq`` of each of the documents that exist, in one query."""
    rows = document_rows().find({"_id": {"$in": list(document_ids)}}, {"seq": 1})
    return {row["_id"]: row["seq"] for row in rows}


def head_find(*, document_id: str) -> StoredHead | None:
    """Return what *documents* says of a document's log, None when there is no such document."""
    row = document_rows().find_one({"_id": document_id})
    if row is None:
        return None
    return StoredHead(
        seq=row["seq"],
        version_vector=bytes(row["version_vector"]),
        published_seq=row["published_seq"],
        unpublished=row["unpublished"],
    )


def head_replace(*, document_id: str, seen: StoredHead, head: StoredHead) -> bool:
    """Put a head in the place of the one that was seen; False when that one has moved meanwhile.

    The one write that may go back: for a head that is not that of the log.
    """
    result = document_rows().update_one(
        {"_id": document_id, "seq": seen.seq, "published_seq": seen.published_seq},
        {
            "$set": {
                "seq": head.seq,
                "version_vector": head.version_vector,
                "published_seq": head.published_seq,
                "unpublished": head.unpublished,
            }
        },
    )
    return bool(result.matched_count)


def unpublished_find(*, updated_before: datetime, limit: int) -> list[tuple[str, int]]:
    """Return ``(document id, published seq)`` of documents that Kafka has not all of."""
    rows = document_rows().find(
        {"unpublished": True, "updated_at": {"$lt": datetime_text(updated_before)}},
        {"published_seq": 1},
    )
    return [(row["_id"], row["published_seq"]) for row in rows.limit(limit)]


def _write(updates: Iterable[UpdateOne]) -> None:
    commands = list(updates)
    for start in range(0, len(commands), UPDATES_PER_COMMAND):
        document_rows().bulk_write(commands[start : start + UPDATES_PER_COMMAND], ordered=True)


def document_rows() -> Any:
    """Return the collection of *documents*."""
    return Document._get_collection()  # noqa: SLF001 - the driver's collection of the model
