"""Hot queries of versions, whose plans ``manage.py check --services`` checks."""

from apps.core.mongo import equal
from apps.core.mongo_plans import HotQuery, hot_queries
from apps.history.last_processed import processed_rows
from apps.history.models import version_rows

_DOCUMENT = {"document_id": equal("none")}

hot_queries.add(
    HotQuery("the latest version", version_rows, _DOCUMENT, [("seq", -1)]),
    HotQuery("one version", version_rows, {**_DOCUMENT, "number": equal(1)}),
    HotQuery("a page of versions", version_rows, _DOCUMENT, [("number", -1)]),
    HotQuery("last processed versions", processed_rows, {"_id": {"$in": ["none"]}}),
)
