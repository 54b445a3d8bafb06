"""The Kafka consumer of a worker, a thread beside the Celery pool (docs/system-flow.md, §5).

Polls, hands operations to the ``Processor``, and commits the offsets only after
*last_processed_version* is stored. So a killed worker sees some messages twice, which changes
nothing, and none is passed over.
"""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from django.conf import settings

from apps.core import metrics, tracing
from apps.core.liveness import liveness
from apps.oplog.operation import Operation
from apps.oplog.publisher import TOPIC, client_config
from apps.pipeline.dead_letters import DeadLetters
from apps.pipeline.lag import LagMeter
from apps.pipeline.processor import Processor
from apps.pipeline.snapshot_policy import SnapshotPolicy

logger = logging.getLogger(__name__)

GROUP = "scriptorium-workers"
LOOP = "operations-consumer"
#: Messages of one turn.
BATCH = 1_000
#: How long a turn gathers messages, in seconds: fewer turns cost less. And how long while there are
#: more than one turn takes.
POLL_S = 0.5
BEHIND_POLL_S = 0.02
#: How long a broker that has nothing new holds its answer back, in milliseconds.
FETCH_WAIT_MS = 100
#: Errors that end by themselves: a broker that is away, a topic that is not there yet.
_PASSING = {
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - the library names its own errors so
    KafkaError._TRANSPORT,  # noqa: SLF001
    KafkaError._RESOLVE,  # noqa: SLF001
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}
#: Why offsets are not taken just now: partitions move between workers, or the topic is made anew.
_MOVING = {
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}
#: Pause after an error, in seconds.
RETRY_S = 1.0
#: How often the lag is measured, in seconds; and how often in a row there may be messages to read
#: and none that comes.
LOOK_INTERVAL_S = 3.0
LOOKS = 2
#: After how long without a word a worker counts as gone, in milliseconds. One that is back by then
#: under the same name keeps its partitions, and nobody else's move.
SESSION_MS = 10_000


class StandstillError(Exception):
    """There are messages to read, and none comes: the consumer has to begin anew."""


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
        request_id=_text(headers["request_id"]) if "request_id" in headers else None,
    )


class OperationsConsumer:
    """Runs in a thread from ``start`` to ``stop``."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=LOOP, daemon=True)
        self._processor = Processor(
            SnapshotPolicy(**settings.SNAPSHOT_POLICY), documents=settings.WORKER_DOCUMENTS
        )
        self._dead_letters = DeadLetters()
        self._commit_due = False
        self._poll_s = POLL_S
        self._look_due = 0.0
        self._standing = 0

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
            liveness.beat(LOOP)
            try:
                self._consume()
            except Exception:
                metrics.LOOP_ERRORS.labels(loop=LOOP).inc()
                logger.exception("consumer failed, again in %s s", RETRY_S)
                self._processor.drop()
                self._stop.wait(RETRY_S)
        liveness.end(LOOP)

    def _consume(self) -> None:
        consumer = Consumer(
            {
                **client_config(),
                **membership(),
                "group.id": GROUP,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": SESSION_MS,
                # A topic that is not there yet, or no more (an embedded broker came back empty), is
                # asked for, and looked for, often; the default is five minutes.
                "fetch.wait.max.ms": FETCH_WAIT_MS,
                "allow.auto.create.topics": True,
                "topic.metadata.refresh.interval.ms": 2_000,
            },
            logger=logging.getLogger("apps.pipeline.kafka"),
        )
        try:
            consumer.subscribe([TOPIC], on_revoke=self._on_revoke)
            meter = LagMeter(consumer)
            while not self._stop.is_set():
                self._turn(consumer, meter)
            self._processor.forget()
        finally:
            consumer.close()

    def _turn(self, consumer: Consumer, meter: LagMeter) -> None:
        liveness.beat(LOOP)
        polled = consumer.consume(BATCH, self._poll_s)
        self._poll_s = BEHIND_POLL_S if len(polled) == BATCH else POLL_S
        messages = [message for message in polled if _is_data(message)]
        started = time.perf_counter()
        self._processor.process(
            operation for message in messages if (operation := self._read(message)) is not None
        )
        if messages and tracing.tracer is not None:
            tracing.tracer.processed(_traced(messages), started, group=GROUP, topic=TOPIC)
        self._dead_letters.flush()
        self._commit_due = self._commit_due or bool(messages)
        if self._commit_due:
            self._commit(consumer)
        self._processor.snapshot_due()
        self._standing = 0 if messages else self._standing
        if time.monotonic() >= self._look_due:
            self._look_due = time.monotonic() + LOOK_INTERVAL_S
            self._look(meter)

    def _commit(self, consumer: Consumer) -> None:
        """Say how far this worker has come; while partitions move, at the next turn again.

        Whoever gets a partition meanwhile reads some messages twice, which changes nothing.
        """
        try:
            consumer.commit(asynchronous=False)
        except KafkaException as err:
            code = err.args[0].code()
            if code in _MOVING:
                logger.warning("offsets not taken yet: %s", err)
                return
            if code != KafkaError._NO_OFFSET:  # noqa: SLF001 - all of them have gone elsewhere
                raise
        self._commit_due = False

    def _read(self, message: Message) -> Operation | None:
        """Read a message; one that is not ours is put aside, the log has ours."""
        try:
            return operation_of(message)
        except (KeyError, ValueError, UnicodeDecodeError) as err:
            self._dead_letters.put(message, err)
            return None

    def _look(self, meter: LagMeter) -> None:
        """Measure how much there is to read. Raises ``StandstillError`` when nothing of it comes.

        A topic that is made anew under a running consumer may leave it so, for ever.
        """
        try:
            lag = meter.lag()
        except KafkaException:  # Kafka is away, or is just coming back
            return
        metrics.KAFKA_LAG.set(lag)
        self._standing = self._standing + 1 if lag else 0
        if self._standing > LOOKS:
            self._standing = 0
            raise StandstillError(f"{lag} messages to read, and none comes")

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
    if error.code() == KafkaError._FATAL:  # noqa: SLF001 - of a consumer, only this can be
        logger.error("another worker took this one's place as %s: SERVER_ID", settings.SERVER_ID)
    raise KafkaException(error)


def _traced(messages: list[Message]) -> Iterator[tuple[bytes, str]]:
    """Yield ``traceparent`` and document of the messages that have one."""
    for message in messages:
        traceparent, key = dict(message.headers() or []).get(tracing.HEADER), message.key()
        if isinstance(traceparent, bytes) and isinstance(key, bytes):
            yield traceparent, key.decode(errors="replace")


def membership() -> dict[str, str]:
    """Return how a worker is a member of its group: under its own name, if it has one (KIP-345).

    A worker that is started again under its name within ``SESSION_MS`` gets its partitions back,
    and no other worker notices. The in-memory broker of ``make up`` takes the name, and then waits
    for the old member's session to run out all the same, also after an orderly end; so there a
    worker is nobody in particular (``KAFKA_STATIC_MEMBERS=false``).
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
