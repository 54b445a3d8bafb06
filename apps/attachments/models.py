"""The stored files, and which document has which (MongoDB).

Bytes are stored before rows (docs/invariants.md). An ``AttachmentFile`` is written first, in state
``storing``, so that bytes without a row are found without a list of the storage.
"""

from typing import Final

import mongoengine as me

from apps.core.mongo import Rows, collection
from apps.core.mongo_datetime import MongoDateTimeField

#: The states of a file: its bytes are being stored; are stored; are being deleted.
STORING: Final = "storing"
STORED: Final = "stored"
FREEING: Final = "freeing"


class AttachmentFile(me.Document):  # type: ignore[misc]
    """The bytes with one SHA-256, which is its key, however many documents have them.

    ``media_type``, ``width``, ``height`` and ``etag`` describe the served bytes: of a picture those
    of the cleaned one, whose smaller sizes are ``widths``. ``size`` is that of the uploaded bytes.
    """

    id = me.StringField(primary_key=True, max_length=64)
    state = me.StringField(required=True)
    media_type = me.StringField(default="")
    size = me.LongField(default=0)
    width = me.IntField()
    height = me.IntField()
    widths = me.ListField(me.IntField())
    #: Bytes of each stored part, by its name (``uploads.storage_name``).
    part_bytes = me.DictField()
    #: SHA-256 of the served bytes.
    etag = me.StringField(default="")
    #: When it was last uploaded or copied.
    touched_at = MongoDateTimeField(required=True)

    meta = {
        # Not "…_files": one Mongo dialect keeps such a name for itself, and drops writes to it.
        "collection": "attachment_contents",
        "index_cls": False,
        "indexes": [{"fields": ["touched_at"]}],
        "strict": False,
    }


class Attachment(me.Document):  # type: ignore[misc]
    """A file of a document. Its key is ``document id:SHA-256``, so a file is there once.

    ``order`` is the time in microseconds, unique in a document: pages of the list follow it.

    What the log and the versions need of it is counted in ``seq``, ``version`` and ``unused_at``
    (``attachments.references``), which can be made again from them.
    """

    id = me.StringField(primary_key=True)
    document_id = me.StringField(required=True)
    file_id = me.StringField(required=True)
    name = me.StringField(required=True)
    author_id = me.StringField(required=True)
    created_at = MongoDateTimeField(required=True)
    order = me.LongField(required=True)
    #: Bytes that count towards the share of the author; a copy counts none.
    charged_bytes = me.LongField(default=0)
    #: The last known operation that refers to it, and a version that does.
    seq = me.LongField()
    version = me.IntField()
    #: When neither the log nor a version was found to refer to it.
    unused_at = MongoDateTimeField()

    meta = {
        "collection": "attachments",
        "index_cls": False,
        "indexes": [
            {"fields": ["document_id", "order"], "unique": True},
            {"fields": ["file_id"]},
            # For the lists of the administration.
            {"fields": ["order"]},
            {"fields": ["unused_at"]},
        ],
        "strict": False,
    }


def file_rows() -> Rows:
    """Return the collection of the files; durable, as the log refers to them."""
    return collection(AttachmentFile, durable=True)


def attachment_rows() -> Rows:
    """Return the collection of the documents' files; durable, as the log refers to them."""
    return collection(Attachment, durable=True)


def attachment_key(document_id: str, file_id: str) -> str:
    """Return the key of a document's file."""
    return f"{document_id}:{file_id}"
