"""Publishing of operations to Kafka, without waiting for delivery (docs/system-flow.md, §4).

Delivery reports advance the published seq of each document, written about once a second, not per
message. Operations beyond it, because the broker or this process went away, are published again by
the relay; consumers are idempotent, so duplicates are harmless.
"""

import logging
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from django.conf import settings
from pymongo.errors import PyMongoError

from apps.core import metrics
from apps.core.logs import operations_are_logged
from apps.documents.heads import Published, published_advance
from apps.oplog.operation import Operation
from apps.oplog.signature import operation_sign

logger = logging.getLogger(__name__)

TOPIC = "crdt-operations"
#: Topic of the messages that no worker can read.
DEAD_LETTERS = f"{TOPIC}-dead"
#: Interval at which delivery reports are stored in MongoDB, in seconds.
REPORT_INTERVAL_S = 1.0
#: Longest wait for the answer of a broker, in seconds.
BROKER_WAIT_S = 3.0
#: Time for which librdkafka tries to deliver a message, in milliseconds; then the relay does.
DELIVERY_WAIT_MS = 30_000
#: Most messages that wait for delivery; the relay publishes the others from the log.
QUEUE_MAX_MESSAGES = 100_000
#: Largest message: larger than any operation, because MongoDB refuses rows of 16 MiB. The topics
#: have the same ``max.message.bytes`` (``apps.oplog.topics``).
MESSAGE_MAX_BYTES = 16 * 1024 * 1024


def client_config() -> dict[str, Any]:
    """Return the configuration that producers and consumers share."""
    return {
        "bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS,
        "client.id": settings.SERVER_ID,
        # A restarted embedded broker has another port behind the same bootstrap address.
        "metadata.recovery.strategy": "rebootstrap",
        "reconnect.backoff.max.ms": 2_000,
        "log.connection.close": False,
    }


#: Headers of a message.
Headers = Sequence[tuple[str, str | bytes | None]]


def headers_of(operation: Operation) -> Headers:
    """Return an operation's message headers: author, unique id, seq, version vector, signature.

    While operations are logged step by step, also the id of its request.
    """
    headers: list[tuple[str, str | bytes | None]] = [
        ("unique_id", operation.unique_id.encode()),
        ("seq", str(operation.seq).encode()),
        ("version_vector", operation.version_vector),
        ("author", operation.author_id.encode()),
        ("received_at", operation.received_at.isoformat().encode()),
        ("signature", operation_sign(operation)),
    ]
    if operation.request_id is not None and operations_are_logged():
        headers.append(("request_id", operation.request_id.encode()))
    return headers


class Publisher:
    """The Kafka producer of a process, and the seqs that it delivered. Thread-safe."""

    def __init__(self) -> None:
        self._producer = Producer(
            {
                **client_config(),
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 5,
                "message.timeout.ms": DELIVERY_WAIT_MS,
                "queue.buffering.max.messages": QUEUE_MAX_MESSAGES,
                "message.max.bytes": MESSAGE_MAX_BYTES,
            },
            logger=logging.getLogger("apps.oplog.kafka"),
        )
        self._lock = threading.Lock()
        self._ranges: dict[str, list[Published]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="publisher", daemon=True)
        self._thread.start()

    def enqueue(self, operations: Iterable[Operation], *, headers: Headers = ()) -> bool:
        """Queue operations for delivery; return False when the queue refuses one.

        ``headers`` are added to those of each message. The relay publishes refused operations.
        Never raises: the operations are in the log, and no edit may fail because of Kafka.
        """
        for operation in operations:
            try:
                self._producer.produce(
                    TOPIC,
                    key=operation.document_id,
                    value=operation.update,
                    headers=[*headers_of(operation), *headers],
                    on_delivery=self._on_delivery(operation.document_id, operation.seq),
                )
            except (BufferError, KafkaException) as err:
                metrics.KAFKA_NOT_HANDED_OVER.inc()
                logger.warning("operation %s not enqueued: %r", operation.unique_id, err)
                return False
        return True

    def reaches_kafka(self) -> bool:
        """Return whether a broker answers within ``BROKER_WAIT_S``."""
        try:
            self._producer.list_topics(timeout=BROKER_WAIT_S)
        except KafkaException:
            return False
        return True

    def flush(self, timeout_s: float) -> int:
        """Wait for deliveries and store the reports; return how many messages are still queued."""
        left: int = self._producer.flush(timeout_s)
        self._store_reports()
        return left

    def close(self, timeout_s: float = 3.0) -> None:
        """Deliver messages until the timeout, then stop."""
        self._stop.set()
        self._thread.join()
        self.flush(timeout_s)

    def _on_delivery(self, document_id: str, seq: int) -> Any:
        def report(error: Any, _message: Any) -> None:
            if error is not None:
                metrics.KAFKA_FAILED.inc()
                if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                    logger.error("raise max.message.bytes of %s: %s", TOPIC, error)
                return
            metrics.KAFKA_DELIVERED.inc()
            self._on_delivered(document_id, seq)

        return report

    def _on_delivered(self, document_id: str, seq: int) -> None:
        """Extend the document's last range of published operations, or start another one."""
        with self._lock:
            ranges = self._ranges.setdefault(document_id, [])
            if ranges and ranges[-1].last == seq - 1:
                ranges[-1] = Published(document_id, ranges[-1].first, seq)
            else:
                ranges.append(Published(document_id, seq, seq))

    def _serve(self) -> None:
        """Store delivery reports until the publisher is closed."""
        while not self._stop.wait(REPORT_INTERVAL_S):
            self._producer.poll(0)
            self._store_reports()

    def _store_reports(self) -> None:
        with self._lock:
            delivered, self._ranges = self._ranges, {}
        ranges = [published for own_ranges in delivered.values() for published in own_ranges]
        if not ranges:
            return
        try:
            published_advance(ranges)
        except PyMongoError as err:
            logger.warning("published marks not stored, the relay will repeat: %s", err)


_shared: Publisher | None = None
_shared_lock = threading.Lock()


def shared_publisher() -> Publisher:
    """Return the publisher of this process, made at the first call."""
    global _shared  # noqa: PLW0603 - librdkafka recommends one producer per process
    with _shared_lock:
        if _shared is None:
            _shared = Publisher()
        return _shared


def close_shared_publisher() -> None:
    """Flush and stop the publisher of this process, if there is one."""
    global _shared
    with _shared_lock:
        publisher, _shared = _shared, None
    if publisher is not None:
        publisher.close()
