"""Runs the Kafka consumers in the Celery worker process (``celery -A config worker``)."""

import logging
import os
import threading
from typing import Any

from celery import bootsteps
from django.conf import settings

from apps.core import tracing
from apps.oplog.publisher import close_shared_publisher
from apps.pipeline.consumer import OperationsConsumer
from apps.pipeline.reference_consumer import ReferenceConsumer
from apps.pipeline.startup_check import check_before_start

logger = logging.getLogger(__name__)

#: How long a worker may take to stop after an error that it cannot recover from, in seconds; more
#: than the consumer takes. Celery sometimes never ends then, and nothing would restart it.
FAILED_STOP_S = 40.0
#: How long the consumer of references may take to stop, in seconds: it holds nothing in memory.
REFERENCES_STOP_S = 5.0


class OperationsStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """The consumers: start after the worker's pool and stop before it."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._consumer = OperationsConsumer()
        self._references = ReferenceConsumer() if settings.ATTACHMENTS_URL else None

    def create(self, worker: Any) -> None:
        """Run the startup check, which may exit."""
        check_before_start()

    def start(self, worker: Any) -> None:
        """Start the consumers."""
        logger.info("operations consumer starts")
        self._consumer.start()
        if self._references is not None:
            self._references.start()

    def close(self, worker: Any) -> None:
        """Bound the stop of a worker that failed; it comes before the stop of any step."""
        if worker.exitcode:
            deadline = threading.Timer(FAILED_STOP_S, _end_process, [worker.exitcode])
            deadline.daemon = True
            deadline.start()

    def stop(self, worker: Any) -> None:
        """Stop the consumers, the producer and the tracer."""
        if self._references is not None:
            self._references.stop(REFERENCES_STOP_S)
        self._consumer.stop()
        close_shared_publisher()
        tracing.stop()
        logger.info("operations consumer stopped")


def _end_process(exitcode: int) -> None:
    logger.critical("the worker failed and did not stop within %s s: it ends now", FAILED_STOP_S)
    logging.shutdown()
    os._exit(exitcode)
