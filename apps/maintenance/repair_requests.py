"""Asks a worker to mend a damaged version, from beside the read that met it.

A read neither waits for this nor fails with it: a thread of its own sends, and bounds hold for
how many wait, how long one takes, and how often the same version is asked for.
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

#: The same version is asked for again after so long, in seconds: each read meets it anew.
AGAIN_S = 60.0
#: Versions that are remembered, those that wait to be sent among them. Threat: a store that is
#: damaged all over, while Redis does not answer.
REMEMBERED = 200
#: How long Redis may take to be reached, and to answer, in seconds.
REACH_S = 2.0
ANSWER_S = 5.0
#: For Celery's connection: one attempt, and no other before it fails.
_BOUNDS = {
    "socket_connect_timeout": REACH_S,
    "socket_timeout": ANSWER_S,
    "max_retries": 0,
    "connect_retries_timeout": REACH_S,
}


class RepairRequests:
    """What was asked for lately, and the thread that asks."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._asked_at: dict[DamagedVersion, float] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mending")

    def ask(self, version: DamagedVersion) -> bool:
        """Have a worker mend a version; False when that was asked for lately, or too much is."""
        now = self._now()
        with self._lock:
            for old in [one for one, at in self._asked_at.items() if now - at >= AGAIN_S]:
                del self._asked_at[old]
            if version in self._asked_at or len(self._asked_at) >= REMEMBERED:
                return False
            self._asked_at[version] = now
        self._thread.submit(self._send, version)
        return True

    def close(self) -> None:
        """Send what waits, and stop."""
        self._thread.shutdown()

    def _send(self, version: DamagedVersion) -> None:
        try:
            with current_app.connection_for_write(transport_options=_BOUNDS) as connection:
                repair_version.apply_async(
                    (version.document_id, version.number), connection=connection, retry=False
                )
        except Exception as err:  # noqa: BLE001 - a broker's library has many; the read goes on
            logger.error("mending of %s not asked for: %r", version, err)
