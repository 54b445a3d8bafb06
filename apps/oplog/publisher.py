"""Publishing of operations to Kafka, without a wait (docs/system-flow.md, §4).

Delivery reports move a mark per document, written about once a second and not per message. What
the mark leaves behind, because the broker or this process went away, the relay publishes again;
consumers are idempotent, so twice is fine.
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

logger = logging.getLogger(__name__)

TOPIC = "crdt-operations"
#: Messages of the topic that no worker can read.
DEAD_LETTERS = f"{TOPIC}-dead"
#: How often delivery reports become marks in MongoDB, in seconds.
MARK_INTERVAL_S = 1.0
#: How long a broker may take to say that it is there, in seconds.
ASK_WAIT_S = 3.0
#: How long librdkafka tries to deliver a message before the relay has to, in milliseconds.
DELIVERY_WAIT_MS = 30_000
#: Messages that wait for delivery; what is more, the relay publishes from the log.
QUEUED_MESSAGES = 100_000
#: Largest message: more than any operation, for MongoDB takes no row of 16 MiB. Topics have the
#: same as their ``max.message.bytes`` (``apps.oplog.topics``).
MESSAGE_BYTES = 16 * 1024 * 1024


def client_config() -> dict[str, Any]:
    """Return what producers and consumers have in common."""
    return {
        "bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS,
        "client.id": settings.SERVER_ID,
        # An embedded broker comes back on another port behind the same bootstrap address.
        "metadata.recovery.strategy": "rebootstrap",
        "reconnect.backoff.max.ms": 2_000,
        "log.connection.close": False,
    }


#: Headers of a message.
Headers = Sequence[tuple[str, str | bytes | None]]


def headers_of(operation: Operation) -> Headers:
    """Return an operation's message headers: author, unique id, seq, version vector.

    Where operations are followed through the logs, also the request that brought it.
    """
    headers: list[tuple[str, str | bytes | None]] = [
        ("unique_id", operation.unique_id.encode()),
        ("seq", str(operation.seq).encode()),
        ("version_vector", operation.version_vector),
        ("author", operation.author_id.encode()),
        ("received_at", operation.received_at.isoformat().encode()),
    ]
    if operation.request_id is not None and operations_are_logged():
        headers.append(("request_id", operation.request_id.encode()))
    return headers


class Publisher:
    """One Kafka producer of a process and the marks of what it delivered. Thread-safe."""

    def __init__(self) -> None:
        self._producer = Producer(
            {
                **client_config(),
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 5,
                "message.timeout.ms": DELIVERY_WAIT_MS,
                "queue.buffering.max.messages": QUEUED_MESSAGES,
                "message.max.bytes": MESSAGE_BYTES,
            },
            logger=logging.getLogger("apps.oplog.kafka"),
        )
        self._lock = threading.Lock()
        self._runs: dict[str, list[Published]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="publisher", daemon=True)
        self._thread.start()

    def hand_over(self, operations: Iterable[Operation], *, headers: Headers = ()) -> bool:
        """Queue operations for delivery; False when one is not taken (the relay comes by).

        ``headers`` are for each of the messages, beside its own.

        Never raises: the operations are in the log, and no edit may fail for Kafka.
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
                logger.warning("operation %s not handed over: %r", operation.unique_id, err)
                return False
        return True

    def reaches_kafka(self) -> bool:
        """Tell whether a broker answers within ``ASK_WAIT_S``."""
        try:
            self._producer.list_topics(timeout=ASK_WAIT_S)
        except KafkaException:
            return False
        return True

    def flush(self, timeout_s: float) -> int:
        """Wait for deliveries and store the marks; return how many messages are still queued."""
        left: int = self._producer.flush(timeout_s)
        self._store_marks()
        return left

    def close(self, timeout_s: float = 3.0) -> None:
        """Deliver what can be delivered in time and stop."""
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
            self._delivered(document_id, seq)

        return report

    def _delivered(self, document_id: str, seq: int) -> None:
        """Lengthen the document's last run of confirmed operations, or begin another."""
        with self._lock:
            runs = self._runs.setdefault(document_id, [])
            if runs and runs[-1].last == seq - 1:
                runs[-1] = Published(document_id, runs[-1].first, seq)
            else:
                runs.append(Published(document_id, seq, seq))

    def _serve(self) -> None:
        """Turn delivery reports into marks until told to stop."""
        while not self._stop.wait(MARK_INTERVAL_S):
            self._producer.poll(0)
            self._store_marks()

    def _store_marks(self) -> None:
        with self._lock:
            taken, self._runs = self._runs, {}
        runs = [run for of_document in taken.values() for run in of_document]
        if not runs:
            return
        try:
            published_advance(runs)
        except PyMongoError as err:
            logger.warning("published marks not stored, the relay will repeat: %s", err)


_shared: Publisher | None = None
_shared_lock = threading.Lock()


def shared_publisher() -> Publisher:
    """Return this process's publisher, made at the first use."""
    global _shared  # noqa: PLW0603 - one producer for a process is librdkafka's own advice
    with _shared_lock:
        if _shared is None:
            _shared = Publisher()
        return _shared


def close_shared_publisher() -> None:
    """Deliver and stop this process's publisher, if there is one."""
    global _shared
    with _shared_lock:
        publisher, _shared = _shared, None
    if publisher is not None:
        publisher.close()
