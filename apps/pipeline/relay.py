"""The relay: publishes operations that Kafka has not confirmed (docs/system-flow.md, §4, §8)."""

import logging
from datetime import timedelta

from apps.core import clock
from apps.documents.heads import Published, published_advance, unpublished_find
from apps.oplog.compaction_point import CompactedError
from apps.oplog.operation import Operation
from apps.oplog.publisher import Publisher
from apps.oplog.selectors import LogGapError, operations_iter

logger = logging.getLogger(__name__)

#: How long a server has for its own deliveries before the relay publishes, in seconds.
DELIVERY_GRACE_S = 10.0
#: Documents and operations of one run, at most; the next run continues.
RUN_DOCUMENTS = 200
RUN_OPERATIONS = 5_000
#: How long one run waits for Kafka, in seconds.
FLUSH_WAIT_S = 20.0


def relay_unpublished(publisher: Publisher) -> int:
    """Publish the unpublished operations, in order per document; return how many.

    Publishing twice is safe: consumers are idempotent. While Kafka is unavailable nothing is
    queued: the operations stay in the log.
    """
    if not publisher.reaches_kafka():
        logger.warning("relay: Kafka is unavailable")
        return 0
    horizon = clock.now() - timedelta(seconds=DELIVERY_GRACE_S)
    count = 0
    for document_id, published_seq in unpublished_find(updated_before=horizon, limit=RUN_DOCUMENTS):
        remaining = RUN_OPERATIONS - count
        if remaining <= 0:
            break
        operations = _operations_after(document_id, published_seq, remaining)
        if not publisher.enqueue(operations):
            break
        count += len(operations)
    if count:
        queued = publisher.flush(FLUSH_WAIT_S)
        logger.info("relay: %s operations handed over, %s not delivered yet", count, queued)
    return count


def _operations_after(document_id: str, after: int, limit: int) -> list[Operation]:
    """Return the next operations of a log, of a damaged one those before the gap."""
    operations: list[Operation] = []
    try:
        operations.extend(operations_iter(document_id=document_id, after=after, limit=limit))
    except CompactedError as err:
        compacted_seq = int(err.extra["begins"]) - 1
        # Workers had these operations before they were compacted: there is nothing to publish.
        published_advance([Published(document_id, after + 1, compacted_seq)])
        return _operations_after(document_id, compacted_seq, limit)
    except LogGapError as err:
        logger.error("relay: %s", err.message)
    return operations
