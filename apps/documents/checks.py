"""The queries of *documents* that people and workers wait for (``manage.py check --services``)."""

from apps.core.clock import now
from apps.core.mongo_datetime import datetime_text
from apps.core.mongo_plans import HotQuery, hot_queries
from apps.documents.heads import document_rows

_ORDER = [("updated_at", -1), ("lineage", -1)]

hot_queries.add(
    HotQuery("heads of the rooms of a server", document_rows, {"_id": {"$in": ["none"]}}),
    HotQuery(
        "what Kafka has not got",
        document_rows,
        {"unpublished": True, "updated_at": {"$lt": datetime_text(now())}},
    ),
    HotQuery(
        "somebody's list",
        document_rows,
        {"_id": {"$in": ["none"]}, "trashed": {"$in": [False]}},
        _ORDER,
    ),
    HotQuery("the list of one who sees much", document_rows, {"trashed": {"$eq": False}}, _ORDER),
)
