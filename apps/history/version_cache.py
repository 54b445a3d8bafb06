"""The cache of versions' contents in Redis: bounded, with an expiry, filled by one reader."""

import contextlib
import logging
import time
from collections.abc import Iterator, Sequence

from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import LockError, RedisError

from apps.history.snapshot import Snapshot, SnapshotDamagedError

logger = logging.getLogger(__name__)

#: Longest time of one reader, and longest wait of the others for it, in seconds.
READER_LOCK_S = 5.0
#: Interval at which waiting readers try the lock, in seconds.
READER_LOCK_POLL_S = 0.02

#: Stores a version and deletes the oldest ones of the same document beyond the limit.
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
    """Return the cached content of a version; None when missing or damaged, or Redis is away."""
    try:
        blob = get_redis_connection("default").get(f"{_prefix(document_id)}{number}")
        return None if blob is None else Snapshot.decode(blob)
    except SnapshotDamagedError as err:
        logger.error("cached version %s of %s passed over: %s", number, document_id, err)
    except RedisError as err:
        logger.warning("version %s of %s not read from Redis: %s", number, document_id, err)
    return None


def version_cache(*, document_id: str, number: int, snapshot: Snapshot) -> None:
    """Cache the content of a version, within the limit of its document."""
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
    """Delete the cached contents of deleted versions."""
    prefix = _prefix(document_id)
    try:
        redis = get_redis_connection("default")
        redis.delete(*(f"{prefix}{number}" for number in numbers))
        redis.zrem(f"{prefix}index", *numbers)
    except RedisError as err:
        logger.warning("cached versions of %s not dropped: %s", document_id, err)


@contextlib.contextmanager
def one_reader(*, document_id: str, number: int) -> Iterator[None]:
    """Hold the lock of the one reader of a version; the others wait, then find it in Redis.

    Where Redis is away, or the reader takes too long, the others read without the lock.
    """
    name = f"{_prefix(document_id)}{number}:reader"
    lock = get_redis_connection("default").lock(
        name, timeout=READER_LOCK_S, blocking_timeout=READER_LOCK_S, sleep=READER_LOCK_POLL_S
    )
    try:
        is_locked = lock.acquire()
    except RedisError:
        is_locked = False
    try:
        yield
    finally:
        if is_locked:
            with contextlib.suppress(RedisError, LockError):
                lock.release()


def _prefix(document_id: str) -> str:
    """Return the key prefix of a document's versions; the braces keep them in one slot."""
    return f"scriptorium:version:{{{document_id}}}:"
