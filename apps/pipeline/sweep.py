"""Looks for documents that the workers have fallen behind on, and catches up from the log.

Kafka may have lost a message (the embedded broker keeps nothing on disk), or dropped it before a
worker read it; the log has it (docs/system-flow.md, §8).
"""

import logging

from apps.oplog.operation import Operation
from apps.oplog.selectors import LogGapError, operations_since
from apps.pipeline.processor import Processor
from apps.pipeline.selectors import behind_find
from apps.pipeline.snapshot_policy import SnapshotPolicy

logger = logging.getLogger(__name__)


def sweep(policy: SnapshotPolicy, *, older_than_s: float, limit: int) -> int:
    """Process what documents that are behind lack; return how many documents."""
    behind = behind_find(older_than_s=older_than_s, limit=limit)
    if not behind:
        return 0
    processor = Processor(policy, documents=limit)
    try:
        for document_id, head in behind:
            processor.process(_last(document_id, head))
        processor.forget()
    finally:
        processor.drop()
    logger.info("sweep: %s documents brought up to their heads", len(behind))
    return len(behind)


def _last(document_id: str, head: int) -> list[Operation]:
    """Return a document's last operation: the processor reads what is before it by itself.

    None of a log that is damaged there, for the others have to go on.
    """
    try:
        return operations_since(document_id=document_id, after=head - 1, limit=1)
    except LogGapError as err:
        logger.error("sweep: passed over: %s", err.message)
        return []
