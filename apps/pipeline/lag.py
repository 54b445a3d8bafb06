"""How much a consumer of Kafka has still to read.

The ends of the partitions are asked for over a connection of its own: on the consumer's, each
question waits behind the fetch in flight, half a second a partition, and nothing is read meanwhile.
"""

from concurrent.futures import Future
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from apps.oplog.publisher import client_config

#: How long a broker may take for one answer, in seconds.
ANSWER_WAIT_S = 1.0
#: A partition that is not there: the topic has been made anew, with fewer.
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

        A partition that is no more has none. Raises ``KafkaException`` when Kafka is away.
        """
        partitions = self._consumer.assignment()
        if not partitions:
            return 0
        read = zip(
            self._consumer.position(partitions),
            self._consumer.committed(partitions, timeout=ANSWER_WAIT_S),
            strict=True,
        )
        # A client that knew a topic which has been made anew would go on asking for the old one.
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
    """Ask for one end of all partitions, in their order."""
    # Offsets of an assignment say nothing here, and an answer is found by its partition.
    wanted = [TopicPartition(partition.topic, partition.partition) for partition in partitions]
    answers = admin.list_offsets(dict.fromkeys(wanted, spec), request_timeout=ANSWER_WAIT_S)
    return [answers[partition] for partition in wanted]


def _exists(answer: "Future[Any]") -> bool:
    """Tell whether a partition is there. Raises ``KafkaException`` when Kafka is away."""
    err = answer.exception()
    if err is None:
        return True
    if isinstance(err, KafkaException) and err.args[0].code() in _UNKNOWN_PARTITION_ERRORS:
        return False
    raise err


def _partition_lag(position: int, committed: TopicPartition, *, beginning: int, end: int) -> int:
    """Return how many messages of a partition are unread: after ``position``, else ``committed``."""
    read = position if position >= 0 else committed.offset
    # What is read may be of a topic that had the name before; then all of this one is not.
    return int(end - read if beginning <= read <= end else end - beginning)
