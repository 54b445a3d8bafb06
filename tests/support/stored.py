"""The stored data of a document of a running Scriptorium, read directly from the databases."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymongo
import redis
from pymongo.database import Database

from tests.support.launcher import Launched


class Stored:
    """The rows of one document in MongoDB and its snapshot in Redis; made by ``stored``."""

    def __init__(
        self, database: Database[dict[str, Any]], cache: "redis.Redis", document_id: str
    ) -> None:
        self._database = database
        self._cache = cache
        self._document_id = document_id

    def head(self) -> int:
        """Return the last seq in *documents*."""
        return self._seq("documents", "seq")

    def published(self) -> int:
        """Return the last seq that Kafka has confirmed."""
        return self._seq("documents", "published_seq")

    def processed(self) -> int:
        """Return the seq of the *last_processed_version*."""
        return self._seq("last_processed_version", "seq")

    def processed_row(self) -> dict[str, Any]:
        """Return the row of the *last_processed_version*."""
        row = self._database.last_processed_version.find_one({"_id": self._document_id})
        assert row is not None
        return row

    def versions(self) -> list[dict[str, Any]]:
        """Return the *document_versions*, the latest state first."""
        rows = self._database.document_versions.find({"document_id": self._document_id})
        return list(rows.sort("seq", -1))

    def lock_owner(self) -> str:
        """Return the owner of the document's lock, as ``server:start``; empty without one."""
        row = self._database.document_locks.find_one({"_id": self._document_id})
        held = row is not None and row["expires_at"] > time.time()
        return str(row["owner"]) if row is not None and held else ""

    def cached_snapshot(self) -> bytes | None:
        """Return the encoded snapshot in Redis."""
        packed = self._cache.get(self._cache_key)
        return packed if isinstance(packed, bytes) else None

    def damage_version(self, number: int, snapshot: bytes) -> None:
        """Replace the bytes of a version's snapshot."""
        result = self._database.document_versions.update_one(
            {"document_id": self._document_id, "number": number}, {"$set": {"snapshot": snapshot}}
        )
        assert result.matched_count == 1

    def damage_cache(self, snapshot: bytes) -> None:
        """Replace the bytes of the snapshot in Redis."""
        self._cache.set(self._cache_key, snapshot, keepttl=True)

    @property
    def _cache_key(self) -> str:
        return f"scriptorium:snapshot:{{{self._document_id}}}"

    def _seq(self, collection: str, name: str) -> int:
        row = self._database[collection].find_one({"_id": self._document_id})
        return 0 if row is None else int(row[name])


@contextmanager
def stored(stack: Launched, document_id: str) -> Iterator[Stored]:
    """Open the stored data of a document."""
    settings = stack.settings()
    with (
        pymongo.MongoClient[dict[str, Any]](settings["MONGODB_URL"]) as mongo,
        redis.Redis.from_url(settings["REDIS_URL"]) as cache,
    ):
        yield Stored(mongo.get_default_database(), cache, document_id)


def flipped(packed: bytes) -> bytes:
    """Return an encoded snapshot with one bit of its last byte flipped."""
    return packed[:-1] + bytes([packed[-1] ^ 1])
