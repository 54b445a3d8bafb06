"""The one connection pool to MongoDB of a process, and how durable what it reads and writes is."""

from typing import Any

import mongoengine
from django.conf import settings
from pymongo import ReadPreference, WriteConcern
from pymongo.collection import Collection
from pymongo.read_concern import ReadConcern

#: How long any call waits for a server that is away, in milliseconds, before it fails.
SERVER_WAIT_MS = 3_000
#: How long one answer may take, in milliseconds, before the call fails: also the answer to the
#: driver's own question whether the server is there, or a slow server would count as away.
ANSWER_WAIT_MS = 10_000


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


def durable(rows: Collection[dict[str, Any]]) -> Collection[dict[str, Any]]:
    """Return a collection whose writes are on disk at a majority, and whose reads are of such.

    For what must never be taken back (ADR 0009): on a replica set, what one server alone has may be
    rolled back when another one becomes the primary. A single server does the same for all.
    """
    return rows.with_options(
        write_concern=DURABLE,
        read_concern=ReadConcern("majority"),
        read_preference=ReadPreference.PRIMARY,
    )


def namespace(rows: Collection[dict[str, Any]]) -> str:
    """Return how a command of many collections names one."""
    return f"{rows.database.name}.{rows.name}"


def equal(value: str | int) -> dict[str, str | int]:
    """Return the condition that a field has exactly this value.

    To MongoDB it is the same as the bare value. One of the dialects reads that as "is it, or has
    it as an element", which no index serves: each read would pass over all that is stored.
    """
    return {"$eq": value}
