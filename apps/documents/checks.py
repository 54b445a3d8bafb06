"""Hot queries of *documents*, whose plans ``manage.py check --services`` checks."""

from apps.core.clock import now
from apps.core.mongo_datetime import datetime_text
from apps.core.mongo_plans import HotQuery, hot_queries
from apps.documents.models import document_rows

_ORDER = [("updated_at", -1), ("lineage", -1)]

hot_queries.add(
    HotQuery("heads of the rooms of a server", document_rows, {"_id": {"$in": ["none"]}}),
    HotQuery(
        "unpublished documents",
        document_rows,
        {"unpublished": True, "updated_at": {"$lt": datetime_text(now())}},
    ),
    HotQuery(
        "the list of a reader",
        document_rows,
        {"_id": {"$in": ["none"]}, "trashed": {"$in": [False]}},
        _ORDER,
    ),
    HotQuery(
        "the list of a reader of many documents", document_rows, {"trashed": {"$eq": False}}, _ORDER
    ),
)
