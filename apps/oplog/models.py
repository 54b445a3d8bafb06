"""The *crdt_operations* entity and the locks (MongoDB; docs/system-flow.md, §4).

MongoEngine declares the collections and their indexes; the path of an edit reads and writes rows
through the driver, because building a model object for each keystroke costs more than the edit.
"""

from typing import Any

import mongoengine as me
from pymongo.collection import Collection

from apps.core.mongo import durable
from apps.core.mongo_datetime import MongoDateTimeField


class CrdtOperation(me.Document):  # type: ignore[misc]
    """One logged edit; both unique indexes are arbiters (docs/invariants.md, 2 and 3)."""

    document_id = me.StringField(required=True)
    seq = me.IntField(required=True, min_value=1)
    unique_id = me.StringField(required=True)
    author_id = me.StringField(required=True)
    received_at = me.DateTimeField(required=True)
    version_vector = me.BinaryField(required=True)
    #: ``update`` in storage; MongoEngine keeps that name for a method.
    update_bytes = me.BinaryField(required=True, db_field="update")

    meta = {
        "collection": "crdt_operations",
        "index_cls": False,
        "indexes": [
            {"fields": ["document_id", "seq"], "unique": True},
            {"fields": ["document_id", "unique_id"], "unique": True},
        ],
    }


class DocumentLock(me.Document):  # type: ignore[misc]
    """The lease on a document's log: who may append, until when, and the how-many-eth holder."""

    id = me.StringField(primary_key=True)
    owner = me.StringField(required=True)
    fence = me.IntField(required=True)
    expires_at = me.FloatField(required=True)
    #: Who was refused it first since it was taken.
    wanted_by = me.StringField()

    meta = {"collection": "document_locks", "index_cls": False}


class QuarantinedOperation(me.Document):  # type: ignore[misc]
    """An operation that is set aside: its content is in no document, and nothing waits for it.

    ``seq`` is its place in the log, None when it never got there; the log itself keeps its row.
    """

    id = me.StringField(primary_key=True)
    document_id = me.StringField(required=True)
    seq = me.IntField()
    unique_id = me.StringField(required=True)
    author_id = me.StringField(required=True)
    received_at = me.DateTimeField(required=True)
    update_bytes = me.BinaryField(required=True, db_field="update")
    #: The error's code and sentence.
    reason = me.StringField(required=True)
    detail = me.StringField(required=True)
    set_aside_at = me.DateTimeField(required=True)
    #: Somebody has looked and given it up; it is kept and no longer listed.
    discarded = me.BooleanField(required=True, default=False)

    meta = {
        "collection": "quarantined_operations",
        "index_cls": False,
        "indexes": [{"fields": ["document_id"]}],
    }


class CompactedOperations(me.Document):  # type: ignore[misc]
    """What is kept of operations ``first_seq`` to ``last_seq`` once a snapshot has their content.

    ``packed`` is written by ``oplog.compacted_operations``. The unique index is the arbiter.
    """

    document_id = me.StringField(required=True)
    first_seq = me.IntField(required=True, min_value=1)
    last_seq = me.IntField(required=True, min_value=1)
    packed = me.BinaryField(required=True)

    meta = {
        "collection": "packed_operations",
        "index_cls": False,
        "indexes": [{"fields": ["document_id", "first_seq"], "unique": True}],
    }


class StoredCompactionPoint(me.Document):  # type: ignore[misc]
    """A compacted log begins after ``seq``, with the state of version ``number``."""

    id = me.StringField(primary_key=True)
    seq = me.IntField(required=True, min_value=1)
    number = me.IntField(required=True, min_value=1)
    version_vector = me.BinaryField(required=True)
    made_at = MongoDateTimeField(required=True)

    meta = {"collection": "log_beginnings", "index_cls": False}


Rows = Collection[dict[str, Any]]


def operation_rows() -> Rows:
    """Return the collection of the log, which is durable: an operation counts once it is there."""
    return durable(CrdtOperation._get_collection())  # noqa: SLF001


def lock_rows() -> Rows:
    """Return the collection of the locks, which is durable: a lock is not lost with a primary."""
    return durable(DocumentLock._get_collection())  # noqa: SLF001


def quarantine_rows() -> Rows:
    """Return the collection of what is set aside."""
    return durable(QuarantinedOperation._get_collection())  # noqa: SLF001


def compacted_rows() -> Rows:
    """Return the collection of packed operations, which is durable."""
    return durable(CompactedOperations._get_collection())  # noqa: SLF001


def compaction_point_rows() -> Rows:
    """Return the collection of where logs begin, which is durable."""
    return durable(StoredCompactionPoint._get_collection())  # noqa: SLF001
