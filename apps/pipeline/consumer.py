"""The Kafka consumer of a worker: one thread beside the Celery pool (§5).

Polls, hands operations to the ``Processor``, and commits the offsets only after
*last_processed_version* is stored. So a killed worker sees some messages twice, which changes
nothing, and none is passed over.
"""

import logging
import threading
from datetime import datetime
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from django.conf import settings

from apps.core import metrics
from apps.oplog.operation import Operation
from apps.oplog.publisher import TOPIC, client_config
from apps.pipeline.policy import SnapshotPolicy
from apps.pipeline.processor import Processor

logger = logging.getLogger(__name__)

GROUP = "scriptorium-workers"
#: Messages of one turn.
BATCH = 1_000
#: How long a turn waits for messages, in seconds.
POLL_S = 0.5
#: Errors that end by themselves: a broker that is away, a topic that is not there yet.
_PASSING = {
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - the library names its own errors so
    KafkaError._TRANSPORT,  # noqa: SLF001
    KafkaError._RESOLVE,  # noqa: SLF001
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}
#: Pause after an error, in seconds.
RETRY_S = 1.0


def operation_of(message: Message) -> Operation:
    """Read a message. Raises ``ValueError`` or ``KeyError`` for one that is not ours."""
    headers = dict(message.headers() or [])
    key = message.key()
    if key is None:
        raise ValueError("a message without a key")
    return Operation(
        document_id=_text(key),
        seq=int(_text(headers["seq"])),
        unique_id=_text(headers["unique_id"]),
        author_id=_text(headers["author"]),
        received_at=datetime.fromisoformat(_text(headers["received_at"])),
        version_vector=_bytes(headers["version_vector"]),
        update=_bytes(message.value()),
    )


class OperationsConsumer:
    """Runs in a thread from ``start`` to ``stop``."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="operations-consumer", daemon=True)
        self._processor = Processor(
            SnapshotPolicy(**settings.SNAPSHOT_POLICY), documents=settings.WORKER_DOCUMENTS
        )

    def start(self) -> None:
        """Begin to consume."""
        self._thread.start()

    def stop(self, timeout_s: float = 20.0) -> None:
        """Finish the turn, save what is unsaved, leave the group."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        """Consume until told to stop; any failure begins anew from the committed offsets."""
        while not self._stop.is_set():
            try:
                self._consume()
            except Exception:
                metrics.LOOP_ERRORS.labels(loop="operations-consumer").inc()
                logger.exception("consumer failed, again in %s s", RETRY_S)
                self._processor.drop()
                self._stop.wait(RETRY_S)

    def _consume(self) -> None:
        consumer = Consumer(
            {
                **client_config(),
                "group.id": GROUP,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": 10_000,
                # A topic that is not there yet, or no more (an embedded broker came back empty), is
                # asked for, and looked for, often; the default is five minutes.
                "allow.auto.create.topics": True,
                "topic.metadata.refresh.interval.ms": 2_000,
            },
            logger=logging.getLogger("apps.pipeline.kafka"),
        )
        try:
            consumer.subscribe([TOPIC], on_revoke=self._on_revoke)
            while not self._stop.is_set():
                self._turn(consumer)
            self._processor.forget()
        finally:
            consumer.close()

    def _turn(self, consumer: Consumer) -> None:
        messages = [message for message in consumer.consume(BATCH, POLL_S) if _is_data(message)]
        self._processor.process(
            operation for message in messages if (operation := _read(message)) is not None
        )
        if messages:
            consumer.commit(asynchronous=False)
        self._processor.snapshot_due()

    def _on_revoke(self, _consumer: Consumer, _partitions: list[Any]) -> None:
        """Another worker takes partitions over: it starts from the log, so only save and drop."""
        self._processor.forget()


def _is_data(message: Message) -> bool:
    error = message.error()
    if error is None:
        return True
    if error.retriable() or error.code() in _PASSING:
        logger.warning("kafka: %s", error)
        return False
    raise KafkaException(error)


def _read(message: Message) -> Operation | None:
    """Read a message; one that is not ours is passed over with a word, the log has ours."""
    try:
        return operation_of(message)
    except (KeyError, ValueError, UnicodeDecodeError) as err:
        logger.error("message at offset %s passed over: %r", message.offset(), err)
        return None


def _text(value: bytes | str | None) -> str:
    if value is None:
        raise ValueError("an empty header")
    return value if isinstance(value, str) else value.decode()


def _bytes(value: bytes | str | None) -> bytes:
    if value is None:
        raise ValueError("an empty value")
    return value.encode() if isinstance(value, str) else value
