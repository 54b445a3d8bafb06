"""Runs the Kafka consumer in the Celery worker process (``celery -A config worker``)."""

import logging
from typing import Any

from celery import bootsteps

from apps.core import tracing
from apps.oplog.publisher import close_shared_publisher
from apps.pipeline.consumer import OperationsConsumer
from apps.pipeline.startup_check import check_before_start

logger = logging.getLogger(__name__)


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

    def stop(self, worker: Any) -> None:
        """Stop the consumer, the producer and the tracer."""
        self._consumer.stop()
        close_shared_publisher()
        tracing.stop()
        logger.info("operations consumer stopped")
