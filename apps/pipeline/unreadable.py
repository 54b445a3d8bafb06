"""Unreadable messages of the consumer: held, then published as dead letters, up to a limit.

Without a limit a worker that can read nothing (a bad deploy) would turn the whole topic into dead
letters, and commit its offsets.
"""

import logging

from confluent_kafka import Message, TopicPartition

from apps.core import metrics
from apps.core.liveness import liveness
from apps.pipeline.dead_letters import DeadLetters, position_of

logger = logging.getLogger(__name__)

#: This many readable messages make up for one unreadable message.
READABLE_PER_DEAD_LETTER = 10


class DeadLetterLimitError(Exception):
    """More unreadable messages than the limit allows: the consumer stops."""


class DeadLetterLimit:
    """Limits the dead letters of one consumer to ``most``, beyond a tenth of the readable messages.

    Pure. Only readable messages lower the count, time does not: a worker that can read nothing
    reaches the limit however slowly the messages arrive.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0.0

    def add_readable(self, messages: int) -> None:
        """Count readable messages."""
        self._count = max(0.0, self._count - messages / READABLE_PER_DEAD_LETTER)

    def is_exceeded_by(self, messages: int) -> bool:
        """Return whether so many more dead letters would be too many."""
        return messages > 0 and self._count + messages > self._most

    def add_dead_letters(self, messages: int) -> None:
        """Count published dead letters."""
        self._count += messages


class UnreadableMessages:
    """Holds the unreadable messages of a consumer. While there are any, it must commit no offset.

    The consumer's thread owns it. ``loop`` is the consumer's name in ``liveness``.
    """

    def __init__(self, *, most: int, loop: str) -> None:
        self._limit = DeadLetterLimit(most)
        self._loop = loop
        self._dead_letters = DeadLetters()
        self._held: list[tuple[Message, Exception]] = []
        self._is_stopped = False

    def __bool__(self) -> bool:
        return bool(self._held)

    def add(self, message: Message, reason: Exception) -> None:
        """Hold a message, with the error of its reader."""
        self._held.append((message, reason))

    def turn(self, *, readable: int, is_pause: bool) -> None:
        """Publish what is held once readable messages or a pause follow, which show that it is few.

        A consumer that stopped before publishes nothing until it has read a message. Raises
        ``DeadLetterLimitError`` when too many messages are held.
        """
        self._limit.add_readable(readable)
        if self._limit.is_exceeded_by(len(self._held)):
            message, reason = self._held[0]
            raise DeadLetterLimitError(
                f"{len(self._held)} messages cannot be read, the first one is"
                f" {position_of(message)}: {reason!r}"
            )
        if readable and self._is_stopped:
            self._resume()
        if readable or (is_pause and not self._is_stopped):
            self._publish()

    def stop(self, err: DeadLetterLimitError, *, pause_s: float) -> None:
        """Report that the consumer stops for a while."""
        self._is_stopped = True
        metrics.CONSUMER_STOPPED.set(1)
        liveness.stop(self._loop)
        logger.error(
            "consumer stopped, tries again in %s s: %s. Their offsets are not committed, nothing is"
            " lost. Deploy a version that can read them; for messages of a foreign program see"
            " WORKER_DEAD_LETTERS_MAX in docs/operations.md",
            pause_s,
            err,
        )

    def revoke(self, partitions: list[TopicPartition]) -> None:
        """Drop what is held of partitions that another worker reads from now on."""
        revoked = {(partition.topic, partition.partition) for partition in partitions}
        self._held = [
            (message, reason)
            for message, reason in self._held
            if (message.topic(), message.partition()) not in revoked
        ]

    def clear(self) -> None:
        """Drop what is held: the consumer reads it again."""
        self._held.clear()

    def _publish(self) -> None:
        for message, reason in self._held:
            self._dead_letters.put(message, reason)
        self._dead_letters.flush()
        self._limit.add_dead_letters(len(self._held))
        self.clear()

    def _resume(self) -> None:
        self._is_stopped = False
        metrics.CONSUMER_STOPPED.set(0)
        liveness.resume(self._loop)
        logger.warning("consumer resumed: messages can be read again")
