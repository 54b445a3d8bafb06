"""Records who opens documents, beside the way in: a person who comes waits for nothing of it.

The event loop only notes; a thread of its own takes all that waits to PostgreSQL at once. Bounds
hold for how many wait and how many are remembered. A failure is logged and counted, nothing else.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections

from apps.activity.event_types import EventType
from apps.activity.services import JOIN_AGAIN, Join, joins_record
from apps.core import clock, metrics

logger = logging.getLogger(__name__)

#: Joins that wait for the thread. Threat: PostgreSQL does not answer while people come and go.
WAITING = 1_000
#: People and documents that are remembered; PostgreSQL is asked about the others.
REMEMBERED = 10_000

Place = tuple[str, int]


class JoinRecorder:
    """What was noted lately, and the thread that records."""

    def __init__(
        self,
        record: Callable[[Sequence[Join]], object] = joins_record,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._record = record
        self._now = now
        self._lock = threading.Lock()
        #: When each person was noted at each document, the oldest first.
        self._noted_at: OrderedDict[Place, float] = OrderedDict()
        self._waiting: list[Join] = []
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="joins")

    def note(self, *, document_id: str, user_id: int) -> bool:
        """Have it recorded; False when it was noted lately, or too many wait."""
        place, now = (document_id, user_id), self._now()
        with self._lock:
            self._forget(now)
            if place in self._noted_at:
                return False
            if len(self._waiting) >= WAITING:
                metrics.ACTIVITY_LOST.labels(kind=EventType.JOINED.value).inc()
                return False
            self._noted_at[place] = now
            self._waiting.append(Join(document_id, user_id, clock.now()))
        self._thread.submit(self._turn)
        return True

    def close(self) -> None:
        """Record what waits, and stop."""
        self._thread.shutdown()

    def _forget(self, now: float) -> None:
        again_s = JOIN_AGAIN.total_seconds()
        while self._noted_at:
            place, at = next(iter(self._noted_at.items()))
            if now - at < again_s and len(self._noted_at) < REMEMBERED:
                return
            del self._noted_at[place]

    def _turn(self) -> None:
        """Record all that waits in one transaction."""
        with self._lock:
            joins, self._waiting = self._waiting, []
        if not joins:
            return
        close_old_connections()
        try:
            self._record(joins)
        except Exception:
            metrics.ACTIVITY_LOST.labels(kind=EventType.JOINED.value).inc(len(joins))
            logger.exception("%s joins not recorded", len(joins))
            self._retract(joins)
        finally:
            close_old_connections()

    def _retract(self, joins: Sequence[Join]) -> None:
        """Have them noted again when they come again."""
        with self._lock:
            for join in joins:
                self._noted_at.pop((join.document_id, join.user_id), None)
