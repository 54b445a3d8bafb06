"""When something that beat starts has run last, in Redis: for who looks whether beat is there."""

import contextlib
from datetime import datetime

from django_redis import get_redis_connection
from redis.exceptions import RedisError

from apps.core import clock

_KEY = "scriptorium:beat-seen"


def beat_seen_put() -> None:
    """Say that it runs now. Without Redis nothing is said."""
    with contextlib.suppress(RedisError):
        get_redis_connection("default").set(_KEY, clock.now().isoformat())


def beat_seen_find() -> datetime | None:
    """Return when it ran last, None when nobody knows. Raises ``RedisError`` without Redis."""
    stored: bytes | None = get_redis_connection("default").get(_KEY)
    return None if stored is None else datetime.fromisoformat(stored.decode())
