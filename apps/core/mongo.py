"""The one connection pool to MongoDB of a process."""

import mongoengine
from django.conf import settings

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


def equal(value: str | int) -> dict[str, str | int]:
    """Return the condition that a field has exactly this value.

    To MongoDB it is the same as the bare value. One of the dialects reads that as "is it, or has
    it as an element", which no index serves: each read would pass over all that is stored.
    """
    return {"$eq": value}
