"""The cache of each document's latest snapshot in Redis (docs/system-flow.md, §3, §5)."""

import logging

from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from apps.history.snapshot import Snapshot

logger = logging.getLogger(__name__)

#: Stores a snapshot unless a newer one is there. KEYS: snapshot, its seq. ARGV: seq, bytes, TTL.
_STORE_FORWARD = """
local stored = redis.call('GET', KEYS[2])
if stored and tonumber(stored) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[3])
return 1
"""


def _keys(document_id: str) -> tuple[str, str]:
    # The braces put both keys into one slot of a Redis cluster.
    return f"scriptorium:snapshot:{{{document_id}}}", f"scriptorium:snapshot-seq:{{{document_id}}}"


def snapshot_put(*, document_id: str, snapshot: Snapshot) -> bool:
    """Cache a snapshot unless a newer one is cached; return whether it was stored."""
    try:
        stored = get_redis_connection("default").eval(
            _STORE_FORWARD,
            2,
            *_keys(document_id),
            snapshot.seq,
            snapshot.encode(),
            settings.SNAPSHOT_CACHE_S,
        )
    except RedisError as err:
        logger.warning("snapshot of %s not cached: %s", document_id, err)
        return False
    return bool(stored)


def snapshot_find(*, document_id: str) -> bytes | None:
    """Return the cached snapshot, encoded, sound or not. Raises ``RedisError``."""
    key, _seq_key = _keys(document_id)
    blob: bytes | None = get_redis_connection("default").get(key)
    return blob


def snapshot_forget(*, document_id: str) -> None:
    """Drop a document's cached snapshot."""
    try:
        get_redis_connection("default").delete(*_keys(document_id))
    except RedisError as err:
        logger.warning("cached snapshot of %s not dropped: %s", document_id, err)
