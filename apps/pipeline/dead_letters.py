"""Dead letters: unreadable messages, published to a topic of their own with the reason.

No edit is lost with them, because the log has every operation. An operator should look at them: a
foreign program writes to the topic, or a wrong version of this one. ``unreadable`` limits their
number.
"""

import logging

from confluent_kafka import KafkaException, Message, Producer

from apps.core import metrics
from apps.oplog.publisher import DEAD_LETTERS, client_config

logger = logging.getLogger(__name__)

#: How long a turn of the consumer waits for Kafka to confirm dead letters, in seconds.
WAIT_S = 5.0


def position_of(message: Message) -> str:
    """Return a message's topic, partition and offset."""
    return f"{message.topic()}/{message.partition()}/{message.offset()}"


class DeadLetters:
    """Publishes dead letters. One thread owns it; its producer is made when it is needed."""

    def __init__(self) -> None:
        self._producer: Producer | None = None

    def put(self, message: Message, reason: Exception) -> None:
        """Publish a message unchanged, with its reason and position as headers. Never raises."""
        metrics.DEAD_LETTERS.inc()
        position = position_of(message)
        logger.error("message %s is a dead letter: %r", position, reason)
        own = [("reason", repr(reason)[:1000].encode()), ("place", position.encode())]
        try:
            self._get_producer().produce(
                DEAD_LETTERS,
                key=message.key(),
                value=message.value(),
                headers=[*(message.headers() or []), *own],
            )
        except (BufferError, KafkaException) as err:
            logger.error("dead letter %s is lost: %r", position, err)

    def flush(self) -> None:
        """Wait for Kafka to confirm them, so that they are stored before the offsets move on."""
        if self._producer is not None and (left := self._producer.flush(WAIT_S)):
            logger.error("%s dead letters are not confirmed yet, the consumer continues", left)

    def _get_producer(self) -> Producer:
        if self._producer is None:
            self._producer = Producer(
                {
                    **client_config(),
                    "acks": "all",
                    "enable.idempotence": True,
                    "compression.type": "lz4",
                },
                logger=logging.getLogger("apps.pipeline.kafka"),
            )
        return self._producer
