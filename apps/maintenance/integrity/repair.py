"""Repairs data that is derived from a document's log, where it differs from a replay.

That is snapshots, the head, *published_seq* and the excerpt in *documents*,
*last_processed_version*, the cache, and the version vectors beside the operations; of files, the
cleaned pictures. The operations themselves, and uploaded bytes, are never changed.
"""

import logging
from dataclasses import dataclass, field
from itertools import islice

from apps.core.errors import ConflictError
from apps.documents.excerpts import EXCERPT_MAX_CHARS, excerpt_rebuild
from apps.documents.selectors import document_stored
from apps.history.selectors import version_find
from apps.history.services import version_repair
from apps.history.snapshot_cache import snapshot_put
from apps.maintenance.integrity.document_check import DocumentCheck, OnProgress
from apps.maintenance.integrity.faults import Fault
from apps.maintenance.integrity.file_check import files_check
from apps.maintenance.integrity.log_replay import replayed
from apps.maintenance.integrity.snapshot_check import blob_fault
from apps.maintenance.integrity.verify import MAX_LISTED, FaultList
from apps.oplog.selectors import log_faults

logger = logging.getLogger(__name__)


class LogBrokenError(ConflictError):
    """The log is not complete, so nothing can be repaired from it; nothing was changed."""

    code = "log_broken"


@dataclass(slots=True)
class Repaired:
    """The repaired faults, also of a dry run; ``left`` has those that the log cannot repair."""

    document_id: str
    dry_run: bool
    operations: int = 0
    done: FaultList = field(default_factory=FaultList)
    left: FaultList = field(default_factory=FaultList)

    def on_fault(self, fault: Fault) -> None:
        """Repair a fault, if it has a repair."""
        if fault.repair is None:
            self.left.add(fault)
            return
        if not self.dry_run:
            fault.repair()
        self.done.add(fault)


def document_rebuild(*, document_id: str, dry_run: bool, on_progress: OnProgress) -> Repaired:
    """Repair everything that is derived from a document's log.

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
    files_check(document_id=document_id, on_fault=rebuilt.on_fault)
    with replayed(document_id) as replay:
        DocumentCheck(replay, rebuilt.on_fault, on_progress).run()
        rebuilt.operations = replay.seq
        if not dry_run:
            text = replay.loaded.engine.opening(EXCERPT_MAX_CHARS)
            excerpt_rebuild(document_id=document_id, seq=replay.seq, text=text)
    return rebuilt


def version_repair_from_log(*, document_id: str, number: int) -> bool:
    """Rebuild the snapshot of a damaged version; return whether it was rebuilt.

    A version up to the compaction point cannot be rebuilt, and returns False.
    Raises ``LogBrokenError`` when the log ends before the version, ``LogGapError``,
    ``CompactionSnapshotLostError``.
    """
    version = version_find(document_id=document_id, number=number)
    if version is None or blob_fault(version.blob, None) is None:
        return False
    with replayed(document_id) as replay:
        if replay.start.seq and version.seq <= replay.start.seq:
            logger.error("version %s of %s is damaged, its log compacted", number, document_id)
            return False
        for _ in replay.steps(limit=max(version.seq - replay.seq, 0)):
            pass
        if replay.seq < version.seq:
            raise LogBrokenError(f"The log of {document_id} ends before operation {version.seq}.")
        expected = replay.snapshot()
    if not version_repair(version, expected):
        return False
    snapshot_put(document_id=document_id, snapshot=expected)
    logger.warning("version %s of %s was damaged: rebuilt from the log", number, document_id)
    return True
