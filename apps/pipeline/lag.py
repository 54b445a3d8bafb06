"""The lag of a Kafka consumer.

The offsets of the partitions are read over a separate connection. On the consumer's own connection
each request waits for the fetch in flight, half a second per partition, and blocks the reading.
"""

from concurrent.futures import Future
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from apps.oplog.publisher import client_config

#: Timeout of one request to a broker, in seconds.
ANSWER_WAIT_S = 1.0
#: A partition that does not exist: the topic was recreated with fewer partitions.
_UNKNOWN_PARTITION_ERRORS = {
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - the library names its own errors so
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}


class LagMeter:
    """Measures the lag of one consumer. Not thread-safe: the consumer's thread owns it."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def lag(self) -> int:
        """Return how many messages of its partitions the consumer has not read.

        A partition that no longer exists counts as zero lag. Raises ``KafkaException`` when Kafka
        is unavailable.
        """
        partitions = self._consumer.assignment()
        if not partitions:
            return 0
        read = zip(
            self._consumer.position(partitions),
            self._consumer.committed(partitions, timeout=ANSWER_WAIT_S),
            strict=True,
        )
        # A new client: one that knew a topic before it was recreated would request the old one.
        admin = AdminClient({**client_config(), "log_level": 0})
        beginnings = _offsets(admin, partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        ends = _offsets(admin, partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return sum(
            _partition_lag(
                position.offset,
                committed,
                beginning=beginning.result().offset,
                end=end.result().offset,
            )
            for (position, committed), beginning, end in zip(read, beginnings, ends, strict=True)
            if _exists(beginning) and _exists(end)
        )


def _offsets(
    admin: AdminClient, partitions: list[TopicPartition], spec: OffsetSpec
) -> list["Future[Any]"]:
    """Return one end of each partition, in the order of ``partitions``."""
    # Without the offsets of the assignment: answers are looked up by partition alone.
    wanted = [TopicPartition(partition.topic, partition.partition) for partition in partitions]
    answers = admin.list_offsets(dict.fromkeys(wanted, spec), request_timeout=ANSWER_WAIT_S)
    return [answers[partition] for partition in wanted]


def _exists(answer: "Future[Any]") -> bool:
    """Return whether a partition exists. Raises ``KafkaException`` when Kafka is unavailable."""
    err = answer.exception()
    if err is None:
        return True
    if isinstance(err, KafkaException) and err.args[0].code() in _UNKNOWN_PARTITION_ERRORS:
        return False
    raise err


def _partition_lag(position: int, committed: TopicPartition, *, beginning: int, end: int) -> int:
    """Return the lag of a partition, behind ``position`` or else ``committed``."""
    read = position if position >= 0 else committed.offset
    # The offset may belong to a former topic of this name; then nothing of this one is read.
    return int(end - read if beginning <= read <= end else end - beginning)
