"""Warm start: the documents that a web server had in memory are loaded again when it starts.

The list is in Redis, written while the server runs and at its end. It is taken once: a document
whose load ends the process is not loaded again by the next start.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django_redis import get_redis_connection

from apps.documents.models import document_rows

#: How long a list counts, in seconds: longer than a server stays away whose clients wait for it.
TTL_S: Final = 3_600


def open_documents_put(document_ids: Iterable[str]) -> None:
    """Store the documents that this server has in memory. Raises ``RedisError``."""
    redis: Any = get_redis_connection("default")
    redis.set(_key(), "\n".join(document_ids), ex=TTL_S)


def open_documents_take() -> list[tuple[str, str]]:
    """Remove the list; return its documents that still exist, each with its lineage.

    Raises ``RedisError`` and ``PyMongoError``.
    """
    redis: Any = get_redis_connection("default")
    with redis.pipeline() as commands:
        stored, _ = commands.get(_key()).delete(_key()).execute()
    document_ids = stored.decode().split("\n") if stored else []
    if not document_ids:
        return []
    rows = document_rows().find({"_id": {"$in": document_ids}}, {"lineage": 1, "trashed": 1})
    lineages = {row["_id"]: row["lineage"] for row in rows if not row.get("trashed")}
    return [(one, lineages[one]) for one in document_ids if one in lineages]


def _key() -> str:
    return f"scriptorium:open-documents:{settings.SERVER_ID}"
