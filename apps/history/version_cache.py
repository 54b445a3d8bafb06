"""Contents of versions in Redis: bounded, with an expiry; one at a time reads from MongoDB."""

import contextlib
import logging
import time
from collections.abc import Iterator, Sequence

from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import LockError, RedisError

from apps.history.snapshot import Snapshot, SnapshotDamagedError

logger = logging.getLogger(__name__)

#: How long one reader may take, and how long the others wait for it, in seconds.
READER_LOCK_S = 5.0
#: Between two looks of those who wait, in seconds.
READER_LOCK_POLL_S = 0.02

#: Stores a version and drops those of the same document that were stored longest ago.
#: KEYS: the version, the index. ARGV: content, expiry (seconds), now, most, number, key prefix.
_STORE_BOUNDED = """
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[2])
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])
if over > 0 then
  for _, old in ipairs(redis.call('ZRANGE', KEYS[2], 0, over - 1)) do
    redis.call('DEL', ARGV[6] .. old)
  end
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, over - 1)
end
"""


def cached_version(*, document_id: str, number: int) -> Snapshot | None:
    """Return a version's content; None when it is not there or damaged, or Redis is away."""
    try:
        packed = get_redis_connection("default").get(f"{_prefix(document_id)}{number}")
        return None if packed is None else Snapshot.decode(packed)
    except SnapshotDamagedError as err:
        logger.error("cached version %s of %s passed over: %s", number, document_id, err)
    except RedisError as err:
        logger.warning("version %s of %s not read from Redis: %s", number, document_id, err)
    return None


def version_cache(*, document_id: str, number: int, snapshot: Snapshot) -> None:
    """Keep a version's content for a while, and of one document only so many."""
    prefix = _prefix(document_id)
    try:
        get_redis_connection("default").eval(
            _STORE_BOUNDED,
            2,
            f"{prefix}{number}",
            f"{prefix}index",
            snapshot.encode(),
            settings.VERSION_CACHE_S,
            time.time(),
            settings.VERSION_CACHE_MOST,
            number,
            prefix,
        )
    except RedisError as err:
        logger.warning("version %s of %s not cached: %s", number, document_id, err)


def versions_forget(*, document_id: str, numbers: Sequence[int]) -> None:
    """Drop the contents of versions that are no more."""
    prefix = _prefix(document_id)
    try:
        redis = get_redis_connection("default")
        redis.delete(*(f"{prefix}{number}" for number in numbers))
        redis.zrem(f"{prefix}index", *numbers)
    except RedisError as err:
        logger.warning("cached versions of %s not dropped: %s", document_id, err)


@contextlib.contextmanager
def one_reader(*, document_id: str, number: int) -> Iterator[None]:
    """Let one of all processes read a version; the others wait, and then find it in Redis.

    Where Redis is away, or the reader takes too long, everybody reads.
    """
    name = f"{_prefix(document_id)}{number}:reader"
    lock = get_redis_connection("default").lock(
        name, timeout=READER_LOCK_S, blocking_timeout=READER_LOCK_S, sleep=READER_LOCK_POLL_S
    )
    try:
        taken = lock.acquire()
    except RedisError:
        taken = False
    try:
        yield
    finally:
        if taken:
            with contextlib.suppress(RedisError, LockError):
                lock.release()


def _prefix(document_id: str) -> str:
    """Return how the keys of a document's versions begin; the braces keep them on one node."""
    return f"scriptorium:version:{{{document_id}}}:"
