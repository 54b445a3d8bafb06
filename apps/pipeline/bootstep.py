"""Puts the Kafka consumer into the Celery worker process (``celery -A config worker``)."""

import logging
from typing import Any

from celery import bootsteps

from apps.core import tracing
from apps.oplog.publisher import close_shared_publisher
from apps.pipeline.consumer import OperationsConsumer
from apps.pipeline.startup_check import look_before_start

logger = logging.getLogger(__name__)


class OperationsStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Starts with the worker's pool and stops before it."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._consumer = OperationsConsumer()

    def create(self, worker: Any) -> None:
        """Look before anything begins whether this can serve at all, or end the process."""
        look_before_start()

    def start(self, worker: Any) -> None:
        """Begin to consume operations."""
        logger.info("operations consumer starts")
        self._consumer.start()

    def stop(self, worker: Any) -> None:
        """Finish what is in hand."""
        self._consumer.stop()
        close_shared_publisher()
        tracing.stop()
        logger.info("operations consumer stopped")
