"""Messages of the topic that nobody can read: put aside in a topic of their own, with the reason.

The log has every operation of ours, so nothing is lost with them; but somebody writes there who
should not, or a version of ours that should not run, and a person has to see what.
"""

import logging

from confluent_kafka import KafkaException, Message, Producer

from apps.core import metrics
from apps.oplog.publisher import DEAD_LETTERS, client_config

logger = logging.getLogger(__name__)

#: How long a turn of the consumer waits for Kafka to take them, in seconds.
WAIT_S = 5.0


class DeadLetters:
    """The way to that topic; one thread owns it. Its producer is made when it is needed."""

    def __init__(self) -> None:
        self._producer: Producer | None = None

    def put(self, message: Message, reason: Exception) -> None:
        """Hand over a message as it came, with the reason and where it stood. Never raises."""
        metrics.DEAD_LETTERS.inc()
        place = f"{message.topic()}/{message.partition()}/{message.offset()}"
        logger.error("message %s is put aside: %r", place, reason)
        own = [("reason", repr(reason)[:1000].encode()), ("place", place.encode())]
        try:
            self._made().produce(
                DEAD_LETTERS,
                key=message.key(),
                value=message.value(),
                headers=[*(message.headers() or []), *own],
            )
        except (BufferError, KafkaException) as err:
            logger.error("message %s is passed over, not put aside: %r", place, err)

    def flush(self) -> None:
        """Wait for what was put aside, so that it is there before the offsets move on."""
        if self._producer is not None and (left := self._producer.flush(WAIT_S)):
            logger.error("%s messages are passed over, and not put aside yet", left)

    def _made(self) -> Producer:
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
