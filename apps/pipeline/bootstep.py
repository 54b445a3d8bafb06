"""Runs the Kafka consumer in the Celery worker process (``celery -A config worker``)."""

import logging
import os
import threading
from typing import Any

from celery import bootsteps

from apps.core import tracing
from apps.oplog.publisher import close_shared_publisher
from apps.pipeline.consumer import OperationsConsumer
from apps.pipeline.startup_check import check_before_start

logger = logging.getLogger(__name__)

#: How long a worker may take to stop after an error that it cannot recover from, in seconds; more
#: than the consumer takes. Celery sometimes never ends then, and nothing would restart it.
FAILED_STOP_S = 40.0


class OperationsStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """The consumer: starts after the worker's pool and stops before it."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._consumer = OperationsConsumer()

    def create(self, worker: Any) -> None:
        """Run the startup check, which may exit."""
        check_before_start()

    def start(self, worker: Any) -> None:
        """Start the consumer."""
        logger.info("operations consumer starts")
        self._consumer.start()

    def close(self, worker: Any) -> None:
        """Bound the stop of a worker that failed; it comes before the stop of any step."""
        if worker.exitcode:
            deadline = threading.Timer(FAILED_STOP_S, _end_process, [worker.exitcode])
            deadline.daemon = True
            deadline.start()

    def stop(self, worker: Any) -> None:
        """Stop the consumer, the producer and the tracer."""
        self._consumer.stop()
        close_shared_publisher()
        tracing.stop()
        logger.info("operations consumer stopped")


def _end_process(exitcode: int) -> None:
    logger.critical("the worker failed and did not stop within %s s: it ends now", FAILED_STOP_S)
    logging.shutdown()
    os._exit(exitcode)
