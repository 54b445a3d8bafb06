"""The heartbeat of Celery beat in Redis: the last run of a task that beat starts."""

import contextlib
from datetime import datetime

from django_redis import get_redis_connection
from redis.exceptions import RedisError

from apps.core import clock

_KEY = "scriptorium:beat-seen"


def heartbeat_store() -> None:
    """Store the present time. Without Redis nothing is stored."""
    with contextlib.suppress(RedisError):
        get_redis_connection("default").set(_KEY, clock.now().isoformat())


def heartbeat_find() -> datetime | None:
    """Return the time of the last run, None for none. Raises ``RedisError`` without Redis."""
    stored: bytes | None = get_redis_connection("default").get(_KEY)
    return None if stored is None else datetime.fromisoformat(stored.decode())
