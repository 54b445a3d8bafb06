"""The *documents* entity (MongoDB), one per document; its content is the log's (``apps.oplog``)."""

import mongoengine
from mongoengine.fields import (
    BinaryField,
    BooleanField,
    DictField,
    IntField,
    LongField,
    StringField,
)

from apps.core.mongo_datetime import MongoDateTimeField

#: The state vector of an empty Yjs document.
EMPTY_VERSION_VECTOR = b"\x00"


class Document(mongoengine.Document):  # type: ignore[misc]
    """A stored document: its title, whose it is, and how far its log has come.

    Keyed by a UUID as text. ``owner_id`` is the user who created it; who owns it *now* is the
    *permission* entity's word. ``lineage`` is new for each created document: a client of an older
    one is told to reload (close code 4409).
    """

    id = StringField(primary_key=True, max_length=36)
    title = StringField(required=True)
    #: ``title`` casefolded and NFKC-normalised behind a mark (``titles.title_key``), for search
    #: and order.
    title_folded = StringField(required=True)
    owner_id = LongField(required=True)
    created_at = MongoDateTimeField(required=True)
    updated_at = MongoDateTimeField(required=True)
    #: Whether it is in the trash, and since when. Lists ask for the first: a search for "no value"
    #: beside a regular expression finds nothing in one of the Mongo dialects.
    trashed = BooleanField(required=True, default=False)
    trashed_at = MongoDateTimeField()
    lineage = StringField(required=True)

    #: What its owners say of its history: whether viewers may look at it; after how many days the
    #: log may be compacted (0 never, None as the server); at which densities versions are kept
    #: (``history.retention.KeepPolicy``; None as the server). Here, not in a collection of their
    #: own: who asks for a document reads its entity anyway, and so its rights cost no query more.
    viewers_may_look = BooleanField(default=True)
    compact_after_days = IntField()
    keep = DictField(null=True, default=None)

    #: Kept up to date by the log: the last ``seq``, the state vector after it (Yjs encoding),
    #: the last ``seq`` that Kafka has confirmed, and whether any is not confirmed yet.
    seq = IntField(default=0)
    version_vector = BinaryField(default=EMPTY_VERSION_VECTOR)
    published_seq = IntField(default=0)
    unpublished = BooleanField(default=False)

    meta = {
        "collection": "documents",
        "indexes": [
            {"fields": ["-updated_at"], "name": "by_updated"},
            {"fields": ["unpublished"], "name": "by_unpublished"},
            # A page of a list is a stretch of one of these (``listing``), in either direction. The
            # title stands in each, so that a search reads the index alone.
            {
                "fields": ["trashed", "updated_at", "lineage", "title_folded"],
                "name": "listed_by_updated",
            },
            {
                "fields": ["trashed", "created_at", "lineage", "title_folded"],
                "name": "listed_by_created",
            },
            {"fields": ["trashed", "title_folded", "lineage"], "name": "listed_by_title"},
        ],
        "strict": False,
    }
