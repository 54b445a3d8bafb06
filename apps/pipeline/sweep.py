"""The sweep: processes from the log what the workers did not get from Kafka.

Kafka may have lost a message (the embedded broker stores nothing on disk), or expired it before a
worker read it; the log has every operation (docs/system-flow.md, §8).
"""

import logging

from apps.oplog.operation import Operation
from apps.oplog.selectors import LogGapError, operations_since
from apps.pipeline.processor import Processor
from apps.pipeline.selectors import behind_find
from apps.pipeline.snapshot_policy import SnapshotPolicy

logger = logging.getLogger(__name__)


def sweep(policy: SnapshotPolicy, *, older_than_s: float, limit: int) -> int:
    """Process the missing operations of documents that are behind; return how many documents."""
    behind = behind_find(older_than_s=older_than_s, limit=limit)
    if not behind:
        return 0
    processor = Processor(policy, max_documents=limit)
    try:
        for document_id, head in behind:
            processor.process(_last(document_id, head))
        processor.flush_and_clear()
    finally:
        processor.clear()
    logger.info("sweep: %s documents brought up to their heads", len(behind))
    return len(behind)


def _last(document_id: str, head: int) -> list[Operation]:
    """Return a document's last operation, none of a damaged log.

    The processor reads the operations before it from the log.
    """
    try:
        return operations_since(document_id=document_id, after=head - 1, limit=1)
    except LogGapError as err:
        logger.error("sweep: skipped: %s", err.message)
        return []
