"""The consumer that merges operations in a worker (docs/system-flow.md, §5).

Hands operations to the ``Processor``; offsets are committed only after *last_processed_version* is
stored (``group_consumer``).

Unreadable messages become dead letters, up to a limit. Beyond it the consumer stops: it commits no
offset, leaves the group, so that workers of another version can read the partitions, and tries the
same messages again after a pause. Edits do not wait for it; the sweep reads them from the log.
"""

import logging
import time
from collections.abc import Iterator
from datetime import datetime

from confluent_kafka import Consumer, Message, TopicPartition
from django.conf import settings

from apps.core import metrics, tracing
from apps.core.errors import AppError
from apps.oplog.operation import Operation
from apps.oplog.publisher import TOPIC
from apps.oplog.selectors import operations_iter
from apps.oplog.signature import is_signed
from apps.pipeline.group_consumer import GroupConsumer
from apps.pipeline.processor import Processor
from apps.pipeline.snapshot_policy import SnapshotPolicy
from apps.pipeline.unreadable import DeadLetterLimitError, UnreadableMessages

logger = logging.getLogger(__name__)

GROUP = "scriptorium-workers"
#: Largest seq that MongoDB stores.
SEQ_MAX = 2**63 - 1
LOOP = "operations-consumer"
#: Pause of a consumer that stopped at unreadable messages, in seconds: the first one, doubled each
#: time up to the longest one. A former static member loses its partitions within ``SESSION_MS``.
STOPPED_RETRY_S = 15.0
STOPPED_RETRY_MAX_S = 60.0
#: Errors of a message that is no operation.
UNREADABLE = (KeyError, ValueError, UnicodeDecodeError)


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


class OperationsConsumer(GroupConsumer):
    """Merges the operations of the topic, from ``start`` to ``stop``."""

    def __init__(self) -> None:
        super().__init__(group=GROUP, loop=LOOP)
        self._processor = Processor(
            SnapshotPolicy(**settings.SNAPSHOT_POLICY), max_documents=settings.WORKER_DOCUMENTS
        )
        self._unreadable = UnreadableMessages(most=settings.WORKER_DEAD_LETTERS_MAX, loop=LOOP)
        self._stopped_retry_s = STOPPED_RETRY_S

    def _process(self, messages: list[Message]) -> bool:
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
        return not self._unreadable

    def _read(self, message: Message) -> Operation | None:
        """Return a message's operation, None where there is none; unreadable messages are held."""
        try:
            return trusted_operation(message)
        except UNREADABLE as err:
            self._unreadable.add(message, err)
            return None

    def _after_turn(self) -> None:
        self._processor.snapshot_due()

    def _store(self) -> None:
        self._processor.flush_and_clear()

    def _drop(self) -> None:
        self._processor.clear()
        self._unreadable.clear()

    def _pause_after(self, error: Exception) -> float:
        if not isinstance(error, DeadLetterLimitError):
            return super()._pause_after(error)
        pause_s = self._stopped_retry_s
        self._unreadable.stop(error, pause_s=pause_s)
        self._stopped_retry_s = min(2 * pause_s, STOPPED_RETRY_MAX_S)
        return pause_s

    def _on_lag(self, lag: int) -> None:
        metrics.KAFKA_LAG.set(lag)

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._unreadable.revoke(partitions)
        self._store()


def _traced(messages: list[Message]) -> Iterator[tuple[bytes, str]]:
    """Yield the ``traceparent`` and the document of each message that has both."""
    for message in messages:
        traceparent, key = dict(message.headers() or []).get(tracing.HEADER), message.key()
        if isinstance(traceparent, bytes) and isinstance(key, bytes):
            yield traceparent, key.decode(errors="replace")


def _text(value: bytes | str | None) -> str:
    if value is None:
        raise ValueError("an empty header")
    return value if isinstance(value, str) else value.decode()


def _bytes(value: bytes | str | None) -> bytes:
    if value is None:
        raise ValueError("an empty value")
    return value.encode() if isinstance(value, str) else value
