"""Records who opens documents, in the background: opening a document never waits for it.

The event loop only adds a join to a queue; a thread of the recorder writes all queued joins to
PostgreSQL in one transaction. The queue and the memory of recent joins are bounded. A failure is
logged and counted, and has no other effect.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections

from apps.activity.event_types import EventType
from apps.activity.services import READ_RECORD_INTERVAL, Join, joins_record
from apps.core import clock, metrics

logger = logging.getLogger(__name__)

#: Joins that wait for the thread. Threat: PostgreSQL does not answer while people come and go.
MAX_QUEUED_JOINS = 1_000
#: Recent joins that are remembered; for all others, PostgreSQL is queried.
MAX_REMEMBERED_JOINS = 10_000

#: A document's id and a user's.
JoinKey = tuple[str, int]


class JoinRecorder:
    """A bounded queue of joins, the memory of recent ones, and the thread that records them."""

    def __init__(
        self,
        record: Callable[[Sequence[Join]], object] = joins_record,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._record = record
        self._now = now
        self._lock = threading.Lock()
        #: When each join was queued, the oldest first.
        self._queued_at: OrderedDict[JoinKey, float] = OrderedDict()
        self._queue: list[Join] = []
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="joins")

    def enqueue(self, *, document_id: str, user_id: int) -> bool:
        """Queue a join; return False if it was queued recently, or if the queue is full."""
        key, now = (document_id, user_id), self._now()
        with self._lock:
            self._forget_old(now)
            if key in self._queued_at:
                return False
            if len(self._queue) >= MAX_QUEUED_JOINS:
                metrics.ACTIVITY_LOST.labels(kind=EventType.JOINED.value).inc()
                return False
            self._queued_at[key] = now
            self._queue.append(Join(document_id, user_id, clock.now()))
        self._thread.submit(self._record_queued)
        return True

    def close(self) -> None:
        """Record the queued joins, and stop the thread."""
        self._thread.shutdown()

    def _forget_old(self, now: float) -> None:
        interval_s = READ_RECORD_INTERVAL.total_seconds()
        while self._queued_at:
            key, queued_at = next(iter(self._queued_at.items()))
            if now - queued_at < interval_s and len(self._queued_at) < MAX_REMEMBERED_JOINS:
                return
            del self._queued_at[key]

    def _record_queued(self) -> None:
        """Record all queued joins in one transaction."""
        with self._lock:
            joins, self._queue = self._queue, []
        if not joins:
            return
        close_old_connections()
        try:
            self._record(joins)
        except Exception:
            metrics.ACTIVITY_LOST.labels(kind=EventType.JOINED.value).inc(len(joins))
            logger.exception("%s joins not recorded", len(joins))
            self._forget(joins)
        finally:
            close_old_connections()

    def _forget(self, joins: Sequence[Join]) -> None:
        """Forget joins that were not recorded, so that the next ones of these people are queued."""
        with self._lock:
            for join in joins:
                self._queued_at.pop((join.document_id, join.user_id), None)
