"""What is derived from a document's log made anew from it, where it is not what the log makes.

Snapshots, the head in *documents*, the mark of what Kafka has, the workers' mark, the cache, and
the version vectors beside the operations. The operations themselves are never touched.
"""

import logging
from dataclasses import dataclass, field
from itertools import islice

from apps.core.errors import ConflictError
from apps.documents.selectors import document_stored
from apps.history.selectors import version_find
from apps.history.services import version_repair
from apps.history.snapshot_cache import snapshot_put
from apps.maintenance.integrity.document_check import DocumentCheck, OnProgress
from apps.maintenance.integrity.faults import Fault
from apps.maintenance.integrity.log_replay import replayed
from apps.maintenance.integrity.snapshot_check import blob_fault
from apps.maintenance.integrity.verify import MAX_LISTED, FaultList
from apps.oplog.selectors import log_faults

logger = logging.getLogger(__name__)


class LogBrokenError(ConflictError):
    """The log is not whole, so nothing can be made from it; nothing was changed."""

    code = "log_broken"


@dataclass(slots=True)
class Repaired:
    """What was put right, or with ``dry_run`` would be; ``left`` is what no log can put right."""

    document_id: str
    dry_run: bool
    operations: int = 0
    done: FaultList = field(default_factory=FaultList)
    left: FaultList = field(default_factory=FaultList)

    def hear(self, fault: Fault) -> None:
        """Put a fault right where the log tells how."""
        if fault.mend is None:
            self.left.add(fault)
            return
        if not self.dry_run:
            fault.mend()
        self.done.add(fault)


def document_rebuild(*, document_id: str, dry_run: bool, on_progress: OnProgress) -> Repaired:
    """Put right what is derived from a document's log.

    May run while the document is edited. Raises ``DocumentNotFoundError``, and ``LogBrokenError``
    before anything is changed when the log lacks an operation or has one twice.
    """
    document_stored(document_id)
    faults = [text for _, text in islice(log_faults(document_id=document_id), MAX_LISTED)]
    if faults:
        raise LogBrokenError(
            f"{' '.join(faults)} Put the rows of a backup back; nothing was changed.",
            extra={"document_id": document_id, "faults": faults},
        )
    rebuilt = Repaired(document_id, dry_run)
    with replayed(document_id) as replay:
        DocumentCheck(replay, rebuilt.hear, on_progress).run()
        rebuilt.operations = replay.seq
    return rebuilt


def version_repair_from_log(*, document_id: str, number: int) -> bool:
    """Put the right snapshot in the place of a damaged one; tell whether there was one.

    False, too, for one from before the beginning of a compacted log: nothing makes that anew.
    Raises ``LogBrokenError`` when the log does not reach so far, ``LogGapError``,
    ``CompactionSnapshotLostError``.
    """
    version = version_find(document_id=document_id, number=number)
    if version is None or blob_fault(version.packed, None) is None:
        return False
    with replayed(document_id) as replay:
        if replay.start.seq and version.seq <= replay.start.seq:
            logger.error("version %s of %s is damaged, its log compacted", number, document_id)
            return False
        for _ in replay.steps(limit=max(version.seq - replay.seq, 0)):
            pass
        if replay.seq < version.seq:
            raise LogBrokenError(f"The log of {document_id} ends before operation {version.seq}.")
        right = replay.snapshot()
    if not version_repair(version, right):
        return False
    snapshot_put(document_id=document_id, snapshot=right)
    logger.warning("version %s of %s was damaged: made anew from the log", number, document_id)
    return True
