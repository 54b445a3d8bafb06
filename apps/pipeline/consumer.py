"""The Kafka consumer of a worker, a thread beside the Celery pool (docs/system-flow.md, §5).

Polls, hands operations to the ``Processor``, and commits the offsets only after
*last_processed_version* is stored. After a crash some messages are read twice, which changes
nothing, and none is skipped.

Unreadable messages become dead letters, up to a limit. Beyond it the consumer stops: it commits no
offset, leaves the group, so that workers of another version can read the partitions, and tries the
same messages again after a pause. Edits do not wait for it; the sweep reads them from the log.
"""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from django.conf import settings

from apps.core import metrics, tracing
from apps.core.errors import AppError
from apps.core.liveness import liveness
from apps.oplog.operation import Operation
from apps.oplog.publisher import TOPIC, client_config
from apps.oplog.selectors import operations_iter
from apps.oplog.signature import is_signed
from apps.pipeline.lag import LagMeter
from apps.pipeline.processor import Processor
from apps.pipeline.snapshot_policy import SnapshotPolicy
from apps.pipeline.unreadable import DeadLetterLimitError, UnreadableMessages

logger = logging.getLogger(__name__)

GROUP = "scriptorium-workers"
#: Largest seq that MongoDB stores.
SEQ_MAX = 2**63 - 1
LOOP = "operations-consumer"
#: Messages of one turn of the loop, at most.
TURN_MESSAGES = 1_000
#: How long a turn collects messages, in seconds: fewer turns cost less. After a full turn, while
#: more messages wait, it is ``BEHIND_POLL_S``.
POLL_S = 0.5
BEHIND_POLL_S = 0.02
#: How long a broker without new messages delays its answer, in milliseconds.
FETCH_WAIT_MS = 100
#: Errors that end without intervention: an unavailable broker, a topic that does not exist yet.
_TRANSIENT_ERRORS = {
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - the library names its own errors so
    KafkaError._TRANSPORT,  # noqa: SLF001
    KafkaError._RESOLVE,  # noqa: SLF001
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}
#: Errors of a commit while partitions move between workers, or the topic is recreated.
_REBALANCE_ERRORS = {
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}
#: Pause after an error, in seconds.
RETRY_S = 1.0
#: Pause of a consumer that stopped at unreadable messages, in seconds: the first one, doubled each
#: time up to the longest one. A former static member loses its partitions within ``SESSION_MS``.
STOPPED_RETRY_S = 15.0
STOPPED_RETRY_MAX_S = 60.0
#: Interval of the lag measurement, in seconds; and how many measurements in a row may find a lag
#: without any message in between.
LAG_INTERVAL_S = 3.0
STANDSTILL_MEASUREMENTS = 2
#: Session timeout of a group member, in milliseconds. A worker that restarts within it under the
#: same name keeps its partitions, and no other partitions move.
SESSION_MS = 10_000


class StandstillError(Exception):
    """There is a lag and no message arrives: the consumer has to be recreated."""


def operation_of(message: Message) -> Operation:
    """Return a message's operation, as the message has it.

    Raises ``ValueError`` or ``KeyError`` for a foreign message.
    """
    headers = dict(message.headers() or [])
    key = message.key()
    if key is None:
        raise ValueError("a message without a key")
    seq = int(_text(headers["seq"]))
    if not 1 <= seq <= SEQ_MAX:
        raise ValueError("a seq outside the range of the store")
    return Operation(
        document_id=_text(key),
        seq=seq,
        unique_id=_text(headers["unique_id"]),
        author_id=_text(headers["author"]),
        received_at=datetime.fromisoformat(_text(headers["received_at"])),
        version_vector=_bytes(headers["version_vector"]),
        update=_bytes(message.value()),
        request_id=_text(headers["request_id"]) if "request_id" in headers else None,
    )


def trusted_operation(message: Message) -> Operation | None:
    """Return a message's operation: as signed by one of our processes, else from the log.

    None where the log has no such operation. Raises as ``operation_of``, and ``PyMongoError``.
    """
    operation = operation_of(message)
    if is_signed(operation, dict(message.headers() or []).get("signature")):
        return operation
    document_id, seq = operation.document_id, operation.seq
    logger.warning("operation %s of %s is not signed; the log is read", seq, document_id)
    try:
        return next(iter(operations_iter(document_id=document_id, after=seq - 1, limit=1)), None)
    except AppError as err:  # a gap, or compacted
        logger.warning("operation %s of %s is not processed: %s", seq, document_id, err.message)
        return None


class OperationsConsumer:
    """Consumes operations in a thread, from ``start`` to ``stop``."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=LOOP, daemon=True)
        self._processor = Processor(
            SnapshotPolicy(**settings.SNAPSHOT_POLICY), max_documents=settings.WORKER_DOCUMENTS
        )
        self._unreadable = UnreadableMessages(most=settings.WORKER_DEAD_LETTERS_MAX, loop=LOOP)
        self._stopped_retry_s = STOPPED_RETRY_S
        self._commit_due = False
        self._poll_s = POLL_S
        self._lag_due = 0.0
        self._lags_without_messages = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 20.0) -> None:
        """Finish the turn, make the missing snapshots, leave the group."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        """Consume until ``stop``; after a failure restart from the committed offsets."""
        while not self._stop.is_set():
            liveness.beat(LOOP)
            try:
                self._consume()
            except DeadLetterLimitError as err:
                self._unreadable.stop(err, pause_s=self._stopped_retry_s)
                self._restart_after(self._stopped_retry_s)
                self._stopped_retry_s = min(2 * self._stopped_retry_s, STOPPED_RETRY_MAX_S)
            except Exception:
                logger.exception("consumer failed, again in %s s", RETRY_S)
                self._restart_after(RETRY_S)
        liveness.end(LOOP)

    def _restart_after(self, pause_s: float) -> None:
        """Drop what is in memory and wait: uncommitted messages are read again."""
        metrics.LOOP_ERRORS.labels(loop=LOOP).inc()
        self._processor.clear()
        self._unreadable.clear()
        self._commit_due = False
        self._stop.wait(pause_s)

    def _consume(self) -> None:
        consumer = self._connect()
        try:
            meter = LagMeter(consumer)
            while not self._stop.is_set():
                self._turn(consumer, meter)
            self._processor.flush_and_clear()
        finally:
            consumer.close()

    def _connect(self) -> Consumer:
        """Return a new member of the group, which has joined or will."""
        consumer = Consumer(consumer_config(), logger=logging.getLogger("apps.pipeline.kafka"))
        consumer.subscribe([TOPIC], on_revoke=self._on_revoke)
        return consumer

    def _turn(self, consumer: Consumer, meter: LagMeter) -> None:
        liveness.beat(LOOP)
        polled = consumer.consume(TURN_MESSAGES, self._poll_s)
        self._poll_s = BEHIND_POLL_S if len(polled) == TURN_MESSAGES else POLL_S
        messages = [message for message in polled if _is_data(message)]
        started = time.perf_counter()
        operations = [
            operation for message in messages if (operation := self._read(message)) is not None
        ]
        self._processor.process(operations)
        if messages and tracing.tracer is not None:
            tracing.tracer.processed(_traced(messages), started, group=GROUP, topic=TOPIC)
        self._unreadable.turn(readable=len(operations), is_pause=not messages)
        if operations:
            self._stopped_retry_s = STOPPED_RETRY_S
        self._commit_due = self._commit_due or bool(messages)
        if self._commit_due and not self._unreadable:
            self._commit_offsets(consumer)
        self._processor.snapshot_due()
        self._lags_without_messages = 0 if messages else self._lags_without_messages
        if time.monotonic() >= self._lag_due:
            self._lag_due = time.monotonic() + LAG_INTERVAL_S
            self._measure_lag(meter)

    def _commit_offsets(self, consumer: Consumer) -> None:
        """Commit the offsets; while partitions move between workers, retry at the next turn.

        The next owner of a partition then reads some messages twice, which changes nothing.
        """
        try:
            consumer.commit(asynchronous=False)
        except KafkaException as err:
            code = err.args[0].code()
            if code in _REBALANCE_ERRORS:
                logger.warning("offsets not committed yet: %s", err)
                return
            if code != KafkaError._NO_OFFSET:  # noqa: SLF001 - all partitions have moved
                raise
        self._commit_due = False

    def _read(self, message: Message) -> Operation | None:
        """Return a message's operation, None where there is none; unreadable messages are held."""
        try:
            return trusted_operation(message)
        except (KeyError, ValueError, UnicodeDecodeError) as err:
            self._unreadable.add(message, err)
            return None

    def _measure_lag(self, meter: LagMeter) -> None:
        """Measure the lag. Raises ``StandstillError`` when it stays and no message arrives.

        A consumer may remain in that state after its topic was recreated.
        """
        try:
            lag = meter.lag()
        except KafkaException:  # Kafka is unavailable, or is starting
            return
        metrics.KAFKA_LAG.set(lag)
        self._lags_without_messages = self._lags_without_messages + 1 if lag else 0
        if self._lags_without_messages > STANDSTILL_MEASUREMENTS:
            self._lags_without_messages = 0
            raise StandstillError(f"{lag} messages to read, and none arrives")

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Save and drop what is in memory: another worker reads these partitions from now on."""
        self._unreadable.revoke(partitions)
        self._processor.flush_and_clear()


def consumer_config() -> dict[str, Any]:
    """Return the settings of a consumer of the group."""
    return {
        **client_config(),
        **membership(),
        "group.id": GROUP,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": SESSION_MS,
        "fetch.wait.max.ms": FETCH_WAIT_MS,
        # A topic that does not exist yet, or no longer (an embedded broker came back empty), is
        # created and looked up often; the default is five minutes.
        "allow.auto.create.topics": True,
        "topic.metadata.refresh.interval.ms": 2_000,
    }


def _is_data(message: Message) -> bool:
    error = message.error()
    if error is None:
        return True
    if error.retriable() or error.code() in _TRANSIENT_ERRORS:
        logger.warning("kafka: %s", error)
        return False
    if error.code() == KafkaError._FATAL:  # noqa: SLF001 - a consumer has no other fatal error
        logger.error("another worker uses the same SERVER_ID, %s", settings.SERVER_ID)
    raise KafkaException(error)


def _traced(messages: list[Message]) -> Iterator[tuple[bytes, str]]:
    """Yield the ``traceparent`` and the document of each message that has both."""
    for message in messages:
        traceparent, key = dict(message.headers() or []).get(tracing.HEADER), message.key()
        if isinstance(traceparent, bytes) and isinstance(key, bytes):
            yield traceparent, key.decode(errors="replace")


def membership() -> dict[str, str]:
    """Return the settings of a static group member, for a worker with a name of its own (KIP-345).

    A worker that restarts under its name within ``SESSION_MS`` gets its partitions back without a
    rebalance. The in-memory broker of ``make up`` accepts the name, but waits for the session of
    the old member to expire, even after an orderly end; so it is used without static members
    (``KAFKA_STATIC_MEMBERS=false``).
    """
    if settings.KAFKA_STATIC_MEMBERS and settings.HAS_SERVER_ID:
        return {"group.instance.id": settings.SERVER_ID}
    return {}


def _text(value: bytes | str | None) -> str:
    if value is None:
        raise ValueError("an empty header")
    return value if isinstance(value, str) else value.decode()


def _bytes(value: bytes | str | None) -> bytes:
    if value is None:
        raise ValueError("an empty value")
    return value.encode() if isinstance(value, str) else value
