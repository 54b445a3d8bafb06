"""The *document_versions* entity (MongoDB; docs/system-flow.md, §2, §5, §7)."""

import mongoengine as me

from apps.core.mongo import Rows, collection


class DocumentVersion(me.Document):  # type: ignore[misc]
    """The state of a document after operation ``seq``, compressed, with a checksum.

    ``number`` counts the versions of a document from 1; its unique index arbitrates between
    writers.
    """

    document_id = me.StringField(required=True)
    number = me.IntField(required=True, min_value=1)
    seq = me.IntField(required=True, min_value=0)
    name = me.StringField(default="")
    automatic = me.BooleanField(default=True)
    created_at = me.DateTimeField(required=True)
    author_ids = me.ListField(me.StringField())
    version_vector = me.BinaryField(required=True)
    #: The state, as ``Snapshot.encode`` returns it.
    snapshot = me.BinaryField(required=True)
    #: Length of the state before compression, in bytes.
    size = me.IntField(required=True)
    #: The version is, or was, that of a compaction point: retention keeps it.
    base = me.BooleanField()

    meta = {
        "collection": "document_versions",
        "index_cls": False,
        "indexes": [
            {"fields": ["document_id", "number"], "unique": True},
            {"fields": ["document_id", "-seq"]},
        ],
    }


def version_rows() -> Rows:
    """Return the collection of the versions; durable, because a log may begin with one."""
    return collection(DocumentVersion, durable=True)
