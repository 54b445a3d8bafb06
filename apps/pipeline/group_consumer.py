"""A member of a consumer group of the topic, a thread beside the Celery pool.

Polls, hands messages to a subclass, and commits their offsets only after it has stored what it
makes of them. After a crash some messages are read twice, which must change nothing, and none is
skipped.
"""

import logging
import threading
import time
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from django.conf import settings

from apps.core import metrics
from apps.core.liveness import liveness
from apps.oplog.publisher import TOPIC, client_config
from apps.pipeline.lag import LagMeter

logger = logging.getLogger(__name__)

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
#: Interval of the lag measurement, in seconds; and how many measurements in a row may find a lag
#: without any message in between.
LAG_INTERVAL_S = 3.0
STANDSTILL_MEASUREMENTS = 2
#: Session timeout of a group member, in milliseconds. A worker that restarts within it under the
#: same name keeps its partitions, and no other partitions move.
SESSION_MS = 10_000


class StandstillError(Exception):
    """There is a lag and no message arrives: the consumer has to be recreated."""


class GroupConsumer:
    """Consumes the topic in a thread, from ``start`` to ``stop``."""

    def __init__(self, *, group: str, loop: str) -> None:
        self._group = group
        self._loop = loop
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=loop, daemon=True)
        self._commit_due = False
        self._poll_s = POLL_S
        self._lag_due = 0.0
        self._lags_without_messages = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 20.0) -> None:
        """Finish the turn, store what is in memory, leave the group."""
        self._stop.set()
        self._thread.join(timeout_s)

    # --- what a subclass does ---

    def _process(self, messages: list[Message]) -> bool:
        """Process the messages of a turn; return whether the offsets may be committed."""
        raise NotImplementedError

    def _after_turn(self) -> None:
        """Do what is due, after the offsets are committed."""

    def _store(self) -> None:
        """Store and drop what is in memory: another worker reads the partitions from now on."""

    def _drop(self) -> None:
        """Drop what is in memory: uncommitted messages are read again."""

    def _pause_after(self, error: Exception) -> float:
        """Report an error; return the pause after it, in seconds."""
        logger.error("%s failed, again in %s s", self._loop, RETRY_S, exc_info=error)
        return RETRY_S

    def _on_lag(self, lag: int) -> None:
        """Report the number of messages that are not read."""

    def _on_revoke(self, _consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        self._store()

    # --- the loop ---

    def _run(self) -> None:
        """Consume until ``stop``; after a failure restart from the committed offsets."""
        while not self._stop.is_set():
            liveness.beat(self._loop)
            try:
                self._consume()
            except Exception as err:  # noqa: BLE001 - the edge of the loop; the subclass logs it
                self._restart_after(self._pause_after(err))
        liveness.end(self._loop)

    def _restart_after(self, pause_s: float) -> None:
        """Drop what is in memory and wait: uncommitted messages are read again."""
        metrics.LOOP_ERRORS.labels(loop=self._loop).inc()
        self._drop()
        self._commit_due = False
        self._stop.wait(pause_s)

    def _consume(self) -> None:
        consumer = self._connect()
        try:
            meter = LagMeter(consumer)
            while not self._stop.is_set():
                self._turn(consumer, meter)
            self._store()
        finally:
            consumer.close()

    def _connect(self) -> Consumer:
        """Return a new member of the group, which has joined or will."""
        config = consumer_config(self._group)
        consumer = Consumer(config, logger=logging.getLogger("apps.pipeline.kafka"))
        consumer.subscribe([TOPIC], on_revoke=self._on_revoke)
        return consumer

    def _turn(self, consumer: Consumer, meter: LagMeter) -> None:
        liveness.beat(self._loop)
        polled = consumer.consume(TURN_MESSAGES, self._poll_s)
        self._poll_s = BEHIND_POLL_S if len(polled) == TURN_MESSAGES else POLL_S
        messages = [message for message in polled if _is_data(message)]
        may_commit = self._process(messages)
        self._commit_due = self._commit_due or bool(messages)
        if self._commit_due and may_commit:
            self._commit_offsets(consumer)
        self._after_turn()
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

    def _measure_lag(self, meter: LagMeter) -> None:
        """Measure the lag. Raises ``StandstillError`` when it stays and no message arrives.

        A consumer may remain in that state after its topic was recreated.
        """
        try:
            lag = meter.lag()
        except KafkaException:  # Kafka is unavailable, or is starting
            return
        self._on_lag(lag)
        self._lags_without_messages = self._lags_without_messages + 1 if lag else 0
        if self._lags_without_messages > STANDSTILL_MEASUREMENTS:
            self._lags_without_messages = 0
            raise StandstillError(f"{lag} messages to read, and none arrives")


def consumer_config(group: str) -> dict[str, Any]:
    """Return the settings of a consumer of a group."""
    return {
        **client_config(),
        **membership(),
        "group.id": group,
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
