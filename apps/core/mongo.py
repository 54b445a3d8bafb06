"""MongoDB: one connection pool per process, the collections of models, and bulk updates."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from pymongo import ReadPreference, UpdateOne, WriteConcern
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern

from apps.core.hidden_imports import hidden

with hidden("PIL"):  # for a field with pictures in MongoDB
    import mongoengine

#: How long any call waits for a server that is away, in milliseconds, before it fails.
SERVER_WAIT_MS = 3_000
#: How long one answer may take, in milliseconds, before the call fails: also the answer to the
#: driver's own question whether the server is there, or a slow server would count as away.
ANSWER_WAIT_MS = 10_000
#: Updates of one command in a bulk; with more than fifty, some Mongo dialects hang.
UPDATES_PER_COMMAND = 50
#: Error code of the server for a value that a unique index has already.
DUPLICATE_KEY = 11000


def connect() -> None:
    """Register the connection named by ``MONGODB_URL``; it opens at the first use."""
    mongoengine.connect(
        host=settings.MONGODB_URL,
        tz_aware=True,
        uuidRepresentation="standard",
        serverSelectionTimeoutMS=SERVER_WAIT_MS,
        connectTimeoutMS=ANSWER_WAIT_MS,
        socketTimeoutMS=ANSWER_WAIT_MS,
        retryWrites=False,
        connect=False,
    )


#: On disk at a majority.
DURABLE = WriteConcern(w="majority", j=True)


#: Rows of one collection, as the driver reads and writes them.
Rows = Collection[dict[str, Any]]


def collection(model: Any, *, durable: bool = False) -> Rows:
    """Return the driver's collection of a MongoEngine model.

    With ``durable``, writes wait until they are on disk at a majority, and reads return only such
    data. For data that must never be rolled back (ADR 0009): on a replica set, a new primary may
    lack what only the old one had. A single server does the same for all data.
    """
    rows: Rows = model._get_collection()  # noqa: SLF001 - MongoEngine has no public name for it
    if not durable:
        return rows
    return rows.with_options(
        write_concern=DURABLE,
        read_concern=ReadConcern("majority"),
        read_preference=ReadPreference.PRIMARY,
    )


def bulk_update(
    rows: Rows,
    updates: Iterable[UpdateOne],
    *,
    ordered: bool = False,
    ignore_duplicate_keys: bool = False,
) -> None:
    """Send any number of updates to one collection, ``UPDATES_PER_COMMAND`` in each command.

    With ``ignore_duplicate_keys``, an upsert that finds its key taken changes nothing, and the
    other updates go on; only for unordered bulks. Raises ``PyMongoError``.
    """
    pending = list(updates)
    for start in range(0, len(pending), UPDATES_PER_COMMAND):
        try:
            rows.bulk_write(pending[start : start + UPDATES_PER_COMMAND], ordered=ordered)
        except BulkWriteError as err:
            errors = err.details["writeErrors"]
            if not ignore_duplicate_keys or any(error["code"] != DUPLICATE_KEY for error in errors):
                raise


def namespace(rows: Rows) -> str:
    """Return the full name of a collection, for a command on several collections."""
    return f"{rows.database.name}.{rows.name}"


def equal(value: str | int) -> dict[str, str | int]:
    """Return the condition that a field has exactly this value.

    To MongoDB it is the same as the bare value. One of the dialects reads that as "is it, or has
    it as an element", which no index serves: each read would pass over all that is stored.
    """
    return {"$eq": value}
