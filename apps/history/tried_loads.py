"""Which loads were tried, and were neither slow nor harmful: kept in Redis, for all processes.

So a server that has just started opens a document without a trial, which would cost it the start of
a child process. A mark is of the bytes themselves, and of the engine that loads them. It is trusted
as far as a cached snapshot is.
"""

import logging
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from importlib.metadata import version

from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

#: The package of each engine, whose version counts.
_PACKAGES = {"pycrdt": "pycrdt", "y_py": "y-py"}


def load_mark(state: bytes, updates: Sequence[bytes]) -> str:
    """Return the name of a load: of a state with the updates after it."""
    whole = blake2b(digest_size=16)
    for part in (state, *updates):
        whole.update(blake2b(part, digest_size=16).digest())
    return f"scriptorium:tried:{_engine()}:{whole.hexdigest()}"


def tried_load_find(mark: str) -> int | None:
    """Return the milliseconds that a load took a process; None where none has tried it.

    Also where Redis is away.
    """
    try:
        found = get_redis_connection("default").get(mark)
    except RedisError as err:
        logger.warning("no tried loads are known: %s", err)
        return None
    return None if found is None else int(found)


def tried_load_store(mark: str, took_ms: int) -> None:
    """Record that a load was tried, for as long as a snapshot stays in Redis."""
    try:
        get_redis_connection("default").set(mark, took_ms, ex=settings.SNAPSHOT_CACHE_S)
    except RedisError as err:
        logger.warning("a tried load is not noted: %s", err)


@cache
def _engine() -> str:
    return f"{settings.CRDT_ENGINE}-{version(_PACKAGES[settings.CRDT_ENGINE])}"
