"""Requests the repair of damaged versions from a worker, in the background of the read.

The read that found the damage neither waits for the request nor fails with it: a thread sends it.
The number of waiting requests, the time of one and the interval of repetitions are limited.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from celery import current_app

from apps.history.events import DamagedVersion
from apps.maintenance.tasks import repair_version

logger = logging.getLogger(__name__)

#: The repair of the same version is requested again after so long, in seconds.
REPEAT_AFTER_S = 60.0
#: Requests that are remembered, including the waiting ones. Threat: a store with much damage, while
#: Redis does not answer.
MAX_REMEMBERED = 200
#: Timeouts of the connection to Redis, and of its answer, in seconds.
CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 5.0
#: Options of Celery's connection: one attempt without a retry.
_CONNECTION_TIMEOUTS = {
    "socket_connect_timeout": CONNECT_TIMEOUT_S,
    "socket_timeout": ANSWER_TIMEOUT_S,
    "max_retries": 0,
    "connect_retries_timeout": CONNECT_TIMEOUT_S,
}


class RepairRequests:
    """The recent requests, and the thread that sends them."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._requested_at: dict[DamagedVersion, float] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="repair-requests")

    def request(self, version: DamagedVersion) -> bool:
        """Request a repair; return False for a recent request, or when too many are remembered."""
        now = self._now()
        with self._lock:
            for old in [
                known for known, at in self._requested_at.items() if now - at >= REPEAT_AFTER_S
            ]:
                del self._requested_at[old]
            if version in self._requested_at or len(self._requested_at) >= MAX_REMEMBERED:
                return False
            self._requested_at[version] = now
        self._thread.submit(self._send, version)
        return True

    def close(self) -> None:
        """Send the waiting requests, and stop."""
        self._thread.shutdown()

    def _send(self, version: DamagedVersion) -> None:
        try:
            with current_app.connection_for_write(
                transport_options=_CONNECTION_TIMEOUTS
            ) as connection:
                repair_version.apply_async(
                    (version.document_id, version.number), connection=connection, retry=False
                )
        except Exception as err:  # noqa: BLE001 - a broker's library has many; the read goes on
            logger.error("repair of %s could not be requested: %r", version, err)
