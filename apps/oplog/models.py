"""The *crdt_operations* entity and the locks (MongoDB; docs/system-flow.md, §4).

MongoEngine declares the collections and their indexes. The path of an edit reads and writes rows
through the driver, because a model object per keystroke would cost more than the edit.
"""

import mongoengine as me

from apps.core.mongo import Rows, collection
from apps.core.mongo_datetime import MongoDateTimeField


class CrdtOperation(me.Document):  # type: ignore[misc]
    """One logged edit; both unique indexes arbitrate (docs/invariants.md, 2 and 3)."""

    document_id = me.StringField(required=True)
    seq = me.IntField(required=True, min_value=1)
    unique_id = me.StringField(required=True)
    author_id = me.StringField(required=True)
    received_at = me.DateTimeField(required=True)
    version_vector = me.BinaryField(required=True)
    #: ``update`` in storage; MongoEngine keeps that name for a method.
    update_bytes = me.BinaryField(required=True, db_field="update")
    #: The copy map, where the author claims one (ADR 0016).
    copies = me.BinaryField()

    meta = {
        "collection": "crdt_operations",
        "index_cls": False,
        "indexes": [
            {"fields": ["document_id", "seq"], "unique": True},
            {"fields": ["document_id", "unique_id"], "unique": True},
        ],
    }


class DocumentLock(me.Document):  # type: ignore[misc]
    """The lease on a document's log: owner, expiry and fencing token."""

    id = me.StringField(primary_key=True)
    owner = me.StringField(required=True)
    fence = me.IntField(required=True)
    expires_at = me.FloatField(required=True)
    #: The first server that was refused the lease since it was acquired.
    wanted_by = me.StringField()

    meta = {"collection": "document_locks", "index_cls": False}


class QuarantinedOperation(me.Document):  # type: ignore[misc]
    """A quarantined operation: its content is in no document, and nothing waits for it.

    ``seq`` is its position in the log, which keeps its row; None for an edit that was not logged.
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
    #: An operator has discarded it; it stays stored and is no longer listed.
    discarded = me.BooleanField(required=True, default=False)

    meta = {
        "collection": "quarantined_operations",
        "index_cls": False,
        "indexes": [{"fields": ["document_id"]}],
    }


class QuarantinedDocument(me.Document):  # type: ignore[misc]
    """A document in quarantine, or a suspect, which has no reason (``document_quarantine``)."""

    id = me.StringField(primary_key=True)
    reason = me.StringField(required=True)
    #: Processes that died while they worked on it.
    deaths = me.IntField(required=True)
    #: When it was quarantined, or when the last process died: seconds since 1970.
    at = me.FloatField(required=True)
    #: The seqs of operations that its loads leave out, after it was rebuilt.
    skipped = me.ListField(me.IntField())

    meta = {"collection": "quarantined_documents", "index_cls": False}


class CompactedOperations(me.Document):  # type: ignore[misc]
    """Operations ``first_seq`` to ``last_seq`` without their content, which a snapshot has.

    ``packed`` is written by ``oplog.compacted_operations``. The unique index arbitrates.
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
    """A compaction point: the log starts after ``seq``, from the state of version ``number``."""

    id = me.StringField(primary_key=True)
    seq = me.IntField(required=True, min_value=1)
    number = me.IntField(required=True, min_value=1)
    version_vector = me.BinaryField(required=True)
    made_at = MongoDateTimeField(required=True)
    #: The checked copies of the whole log, where it has any (``compacted_operations``).
    copies = me.BinaryField()

    meta = {"collection": "log_beginnings", "index_cls": False}


def operation_rows() -> Rows:
    """Return the collection of the log; durable, because an edit is stored once it is there."""
    return collection(CrdtOperation, durable=True)


def lock_rows() -> Rows:
    """Return the collection of the locks; durable, so that a new primary keeps every lock."""
    return collection(DocumentLock, durable=True)


def quarantine_rows() -> Rows:
    """Return the collection of quarantined operations, which is durable."""
    return collection(QuarantinedOperation, durable=True)


def document_quarantine_rows() -> Rows:
    """Return the collection of quarantined documents, which is durable."""
    return collection(QuarantinedDocument, durable=True)


def compacted_rows() -> Rows:
    """Return the collection of compacted operations, which is durable."""
    return collection(CompactedOperations, durable=True)


def compaction_point_rows() -> Rows:
    """Return the collection of compaction points, which is durable."""
    return collection(StoredCompactionPoint, durable=True)
