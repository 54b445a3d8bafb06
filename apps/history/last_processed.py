"""The *last_processed_version* entity (MongoDB; docs/system-flow.md, §5, §8, §9).

Written by the workers (``apps.pipeline``), read when a document is rebuilt: a log that ends before
the last processed version has lost operations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import mongoengine as me
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from apps.core.mongo import Rows, bulk_update, collection
from apps.core.mongo_datetime import MongoDateTimeField, datetime_read, datetime_text


class LastProcessedVersion(me.Document):  # type: ignore[misc]
    """The last operation of a document that a worker has merged, and the vector after it.

    A vector over ``EDIT_VECTOR_BYTES`` has only the clients that the operation touches.
    """

    id = me.StringField(primary_key=True)
    seq = me.IntField(required=True)
    unique_id = me.StringField(required=True)
    version_vector = me.BinaryField(required=True)
    #: Time of receipt of that operation (the timestamp of docs/system-flow.md, §9).
    received_at = MongoDateTimeField(required=True)
    processed_at = MongoDateTimeField(required=True)

    meta = {"collection": "last_processed_version", "index_cls": False}


@dataclass(frozen=True, slots=True)
class Processed:
    """The last processed version of one document."""

    document_id: str
    seq: int
    unique_id: str
    version_vector: bytes
    received_at: datetime


def processed_rows() -> Rows:
    """Return the collection of *last_processed_version*."""
    return collection(LastProcessedVersion)


def processed_find(*, document_id: str) -> Processed | None:
    """Return the last processed version of a document, None when it has none."""
    row = processed_rows().find_one({"_id": document_id})
    if row is None:
        return None
    return Processed(
        document_id=document_id,
        seq=row["seq"],
        unique_id=row["unique_id"],
        version_vector=bytes(row["version_vector"]),
        received_at=datetime_read(row["received_at"]),
    )


def processed_seqs(document_ids: Sequence[str]) -> dict[str, int]:
    """Return the last processed seq of each document that has one."""
    rows = processed_rows().find({"_id": {"$in": list(document_ids)}}, {"seq": 1})
    return {row["_id"]: row["seq"] for row in rows}


def processed_advance(marks: Sequence[Processed], *, at: datetime) -> None:
    """Move last processed versions forward; one that is ahead already stays as it is."""
    updates = (_advance(mark, at) for mark in marks)
    # The upsert for a version that is ahead finds its key taken: there is nothing to do.
    bulk_update(processed_rows(), updates, ignore_duplicate_keys=True)


def processed_replace(mark: Processed, *, seen: Processed | None, at: datetime) -> bool:
    """Replace the last processed version ``seen``; return False when it has changed since."""
    if seen is None:
        try:
            processed_rows().insert_one({"_id": mark.document_id, **_values(mark, at)})
        except DuplicateKeyError:
            return False
        return True
    condition = {"_id": mark.document_id, "seq": seen.seq}
    return bool(processed_rows().update_one(condition, {"$set": _values(mark, at)}).matched_count)


def processed_forget(*, document_id: str) -> None:
    """Delete the last processed version of a document; the workers store a new one."""
    processed_rows().delete_one({"_id": document_id})


def _advance(mark: Processed, at: datetime) -> UpdateOne:
    return UpdateOne(
        {"_id": mark.document_id, "seq": {"$lt": mark.seq}},
        {"$set": _values(mark, at)},
        upsert=True,
    )


def _values(mark: Processed, at: datetime) -> dict[str, Any]:
    return {
        "seq": mark.seq,
        "unique_id": mark.unique_id,
        "version_vector": mark.version_vector,
        "received_at": datetime_text(mark.received_at),
        "processed_at": datetime_text(at),
    }
