"""The *last_processed_version* entity (MongoDB; docs/system-flow.md, §5, §8, §9).

Written by the workers (``apps.pipeline``), read by whoever rebuilds a document: the log has to
reach at least as far as a worker has seen it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import mongoengine as me
from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from apps.core.mongo_datetime import MongoDateTimeField, datetime_read, datetime_text

#: Updates in one command; above fifty some Mongo dialects hang.
UPDATES_PER_COMMAND = 50
_DUPLICATE_KEY = 11000


class LastProcessedVersion(me.Document):  # type: ignore[misc]
    """The last operation of a document that a worker has merged, and the vector after it."""

    id = me.StringField(primary_key=True)
    seq = me.IntField(required=True)
    unique_id = me.StringField(required=True)
    version_vector = me.BinaryField(required=True)
    #: When the server received that operation (the timestamp of docs/system-flow.md, §9).
    received_at = MongoDateTimeField(required=True)
    processed_at = MongoDateTimeField(required=True)

    meta = {"collection": "last_processed_version", "index_cls": False}


@dataclass(frozen=True, slots=True)
class Processed:
    """How far one document has been processed."""

    document_id: str
    seq: int
    unique_id: str
    version_vector: bytes
    received_at: datetime


def processed_rows() -> Collection[dict[str, Any]]:
    """Return the collection of the marks."""
    rows: Collection[dict[str, Any]] = LastProcessedVersion._get_collection()  # noqa: SLF001
    return rows


def processed_find(*, document_id: str) -> Processed | None:
    """Return how far a document has been processed, None when it never was."""
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
    """Move marks forward, never back: a mark that is ahead already is left as it is."""
    updates = [_advance(mark, at) for mark in marks]
    for start in range(0, len(updates), UPDATES_PER_COMMAND):
        try:
            processed_rows().bulk_write(updates[start : start + UPDATES_PER_COMMAND], ordered=False)
        except BulkWriteError as err:
            # The upsert of a mark that is ahead finds its id taken: nothing to do.
            if any(error["code"] != _DUPLICATE_KEY for error in err.details["writeErrors"]):
                raise


def processed_replace(mark: Processed, *, seen: Processed | None, at: datetime) -> bool:
    """Put another mark in the place of the one that was seen; False when that one has moved."""
    if seen is None:
        try:
            processed_rows().insert_one({"_id": mark.document_id, **_values(mark, at)})
        except DuplicateKeyError:
            return False
        return True
    place = {"_id": mark.document_id, "seq": seen.seq}
    return bool(processed_rows().update_one(place, {"$set": _values(mark, at)}).matched_count)


def processed_forget(*, document_id: str) -> None:
    """Drop a document's mark; the workers make another one."""
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
