"""The *document_versions* entity (MongoDB; docs/system-flow.md, §2, §5, §7)."""

from typing import Any

import mongoengine as me
from pymongo.collection import Collection

from apps.core.mongo import durable


class DocumentVersion(me.Document):  # type: ignore[misc]
    """The whole of a document after operation ``seq``, compressed and with its checksum.

    ``number`` counts the versions of a document from 1; the unique index decides who gets one.
    """

    document_id = me.StringField(required=True)
    number = me.IntField(required=True, min_value=1)
    seq = me.IntField(required=True, min_value=0)
    name = me.StringField(default="")
    automatic = me.BooleanField(default=True)
    created_at = me.DateTimeField(required=True)
    author_ids = me.ListField(me.StringField())
    version_vector = me.BinaryField(required=True)
    #: The state as ``Snapshot.pack`` makes it.
    snapshot = me.BinaryField(required=True)
    #: Length of the state before compression, in bytes.
    size = me.IntField(required=True)
    #: The log begins, or once began, after this version: retention leaves it alone.
    base = me.BooleanField()

    meta = {
        "collection": "document_versions",
        "index_cls": False,
        "indexes": [
            {"fields": ["document_id", "number"], "unique": True},
            {"fields": ["document_id", "-seq"]},
        ],
    }


def version_rows() -> Collection[dict[str, Any]]:
    """Return the collection of the versions, which is durable: a log may begin with one."""
    return durable(DocumentVersion._get_collection())  # noqa: SLF001
