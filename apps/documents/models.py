"""The *documents* entity (MongoDB), one per document; the log (``apps.oplog``) has its content."""

import mongoengine
from mongoengine.fields import (
    BinaryField,
    BooleanField,
    DictField,
    IntField,
    LongField,
    StringField,
)

from apps.core.mongo import Rows, collection
from apps.core.mongo_datetime import MongoDateTimeField


class Document(mongoengine.Document):  # type: ignore[misc]
    """A stored document: its title, its creator and the head of its log.

    Keyed by a UUID as text. ``owner_id`` is the user who created it; its present owners are in the
    *permission* entity. ``lineage`` is new for each created document: a client of an older one has
    to reload (close code 4409).
    """

    id = StringField(primary_key=True, max_length=36)
    title = StringField(required=True)
    #: ``title`` casefolded and NFKC-normalised behind a mark (``titles.title_key``), for search
    #: and order.
    title_folded = StringField(required=True)
    owner_id = LongField(required=True)
    created_at = MongoDateTimeField(required=True)
    updated_at = MongoDateTimeField(required=True)
    #: Whether it is in the trash, and since when. Lists query the first field: one Mongo dialect
    #: finds nothing for "no value" together with a regular expression.
    trashed = BooleanField(required=True, default=False)
    trashed_at = MongoDateTimeField()
    lineage = StringField(required=True)

    #: Its last writers, by slot (``documents.writers``).
    writers = DictField()

    #: The first words of its text after operation ``excerpt_seq`` (``documents.excerpts``).
    excerpt = StringField(default="")
    excerpt_seq = IntField(default=0)

    #: History settings of its owners: whether viewers may look at it; after how many days the log
    #: may be compacted (0 never, None as the server); how densely versions are kept
    #: (``history.retention.KeepPolicy``; None as the server). They are here, not in a collection
    #: of their own, because each request reads the entity anyway: they cost no further query.
    viewers_may_look = BooleanField(default=True)
    compact_after_days = IntField()
    keep = DictField(null=True, default=None)

    #: Kept up to date by the log: the last ``seq``, the state vector after it (Yjs encoding, null
    #: for a large one: ``heads.Head``), the last ``seq`` that Kafka has confirmed, and whether any
    #: is not confirmed yet.
    seq = IntField(default=0)
    version_vector = BinaryField(null=True)
    published_seq = IntField(default=0)
    unpublished = BooleanField(default=False)

    meta = {
        "collection": "documents",
        "indexes": [
            {"fields": ["-updated_at"], "name": "by_updated"},
            {"fields": ["unpublished"], "name": "by_unpublished"},
            {"fields": ["owner_id"], "name": "by_owner"},
            # A page of a list is a range of one of these indexes (``listing``), in either
            # direction. Each has the title, so that a search reads the index alone.
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


def document_rows() -> Rows:
    """Return the collection of *documents*."""
    return collection(Document)
