"""Publishes what Kafka has not confirmed: an outage, a crash (docs/system-flow.md, §4, §8)."""

import logging
from datetime import timedelta

from apps.core import clock
from apps.documents.heads import Published, published_advance, unpublished_find
from apps.oplog.compaction_point import CompactedError
from apps.oplog.operation import Operation
from apps.oplog.publisher import Publisher
from apps.oplog.selectors import LogGapError, operations_iter

logger = logging.getLogger(__name__)

#: How long a server has for its own deliveries before the relay comes by, in seconds.
GRACE_S = 10.0
#: Documents and operations of one run; the next run goes on.
DOCUMENTS = 200
OPERATIONS = 5_000
#: How long one run waits for Kafka, in seconds.
WAIT_S = 20.0


def relay_unpublished(publisher: Publisher) -> int:
    """Publish, in order per document, what is marked as unpublished; return how many operations.

    Twice is fine: consumers are idempotent. While Kafka is away nothing is queued: what is
    unpublished waits in the log, where it is safe.
    """
    if not publisher.reaches_kafka():
        logger.warning("relay: Kafka is away")
        return 0
    horizon = clock.now() - timedelta(seconds=GRACE_S)
    count = 0
    for document_id, published_seq in unpublished_find(updated_before=horizon, limit=DOCUMENTS):
        left = OPERATIONS - count
        if left <= 0:
            break
        operations = _next(document_id, published_seq, left)
        if not publisher.hand_over(operations):
            break
        count += len(operations)
    if count:
        queued = publisher.flush(WAIT_S)
        logger.info("relay: %s operations handed over, %s not delivered yet", count, queued)
    return count


def _next(document_id: str, after: int, limit: int) -> list[Operation]:
    """Return what comes next in a log; of a damaged one up to the gap, so that others go on."""
    operations: list[Operation] = []
    try:
        operations.extend(operations_iter(document_id=document_id, after=after, limit=limit))
    except CompactedError as err:
        before = int(err.extra["begins"]) - 1
        # Workers had it before it went: it needs no publishing any more.
        published_advance([Published(document_id, after + 1, before)])
        return _next(document_id, before, limit)
    except LogGapError as err:
        logger.error("relay: %s", err.message)
    return operations
