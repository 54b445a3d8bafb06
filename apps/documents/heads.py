"""The head of each log, and the seq up to which Kafka has confirmed it (docs/system-flow.md, §4).

Written after each batch, in bulk: many documents per round trip. Writes only move forward, so a
late one changes nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from apps.core.mongo import bulk_update
from apps.core.mongo_datetime import datetime_text
from apps.documents.models import document_rows
from apps.documents.writers import Writer, writers_set


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a document's log: its last ``seq`` and the state vector after it.

    ``version_vector`` is None when it is larger than ``EDIT_VECTOR_BYTES``
    (``apps.crdt.codec.vectors``), because a head is written at each edit.
    """

    document_id: str
    seq: int
    version_vector: bytes | None
    updated_at: datetime
    #: The authors of the operations that a write has added, in order.
    writers: Sequence[Writer] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """Operations ``first`` to ``last`` of a document are confirmed by Kafka, without a gap."""

    document_id: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class StoredHead:
    """The head of a log as *documents* has it, with the published seq and the unpublished flag."""

    seq: int
    version_vector: bytes | None
    published_seq: int
    unpublished: bool


def heads_advance(heads: Sequence[Head]) -> None:
    """Store the new heads of logs, marked as not yet published."""
    updates = (UpdateOne(*head_change(head)) for head in heads)
    bulk_update(document_rows(), updates, ordered=True)


def head_change(head: Head) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the condition and the update by which a head is stored."""
    return {"_id": head.document_id, "seq": {"$lt": head.seq}}, {
        "$set": {
            "seq": head.seq,
            "version_vector": head.version_vector,
            "updated_at": datetime_text(head.updated_at),
            "unpublished": True,
            **writers_set(head.writers),
        }
    }


def published_advance(ranges: Sequence[Published]) -> None:
    """Advance the published seqs; ignore a range that does not follow its document's seq.

    The relay publishes ignored ranges again, and those that a process could not store before it
    died.
    """
    updates = (update for published in ranges for update in _published_updates(published))
    bulk_update(document_rows(), updates, ordered=True)


def _published_updates(published: Published) -> Iterator[UpdateOne]:
    yield UpdateOne(
        {
            "_id": published.document_id,
            "published_seq": {"$gte": published.first - 1, "$lt": published.last},
        },
        {"$set": {"published_seq": published.last}},
    )
    yield UpdateOne(
        {"_id": published.document_id, "seq": published.last, "published_seq": published.last},
        {"$set": {"unpublished": False}},
    )


def heads_get(document_ids: Sequence[str]) -> dict[str, int]:
    """Return the stored last ``seq`` of each of the documents that exist, in one query."""
    rows = document_rows().find({"_id": {"$in": list(document_ids)}}, {"seq": 1})
    return {row["_id"]: row["seq"] for row in rows}


def head_find(*, document_id: str) -> StoredHead | None:
    """Return the stored head of a document, None when there is no such document."""
    row = document_rows().find_one({"_id": document_id})
    if row is None:
        return None
    vector = row["version_vector"]
    return StoredHead(
        seq=row["seq"],
        version_vector=None if vector is None else bytes(vector),
        published_seq=row["published_seq"],
        unpublished=row["unpublished"],
    )


def head_replace(*, document_id: str, seen: StoredHead, head: StoredHead) -> bool:
    """Replace the stored head ``seen``; return False when it has changed since.

    The only write that may move back, for a head that is not that of the log.
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
    """Return ``(document id, published seq)`` of documents with unpublished operations."""
    rows = document_rows().find(
        {"unpublished": True, "updated_at": {"$lt": datetime_text(updated_before)}},
        {"published_seq": 1},
    )
    return [(row["_id"], row["published_seq"]) for row in rows.limit(limit)]
