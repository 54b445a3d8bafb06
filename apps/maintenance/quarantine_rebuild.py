"""Rebuilds a document in quarantine: finds the operations that make its load fail.

Each load is tried in a child process. The operations that are found go into quarantine, and loads
leave them out; versions that have their content are made again from the log. Nothing is deleted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from apps.core.errors import ConflictError, NotFoundError
from apps.history.compaction_point import log_start_snapshot
from apps.history.rehearsals import RehearsalFailedError, load_rehearse
from apps.history.selectors import version_find, version_infos
from apps.history.services import version_repair
from apps.history.snapshot_cache import snapshot_forget
from apps.maintenance.integrity.log_replay import LoadFailedError, replayed
from apps.oplog.document_quarantine import (
    document_quarantine_end,
    quarantined_documents,
    skipped_seqs,
)
from apps.oplog.operation import Operation
from apps.oplog.quarantine import operation_quarantine
from apps.oplog.selectors import operations_iter

#: Operations that are found one by one, before all later ones of an author are left out.
MAX_OF_ONE_AUTHOR = 2


class NoDocumentInQuarantineError(NotFoundError):
    """The document is not in quarantine."""

    code = "not_in_quarantine"


class StartFailsError(ConflictError):
    """The state at the beginning of the log fails without any operation."""

    code = "still_unfit"


@dataclass(slots=True)
class RebuiltDocument:
    """The seqs of the operations that are left out from now on, and the versions made again."""

    document_id: str
    reason: str
    dry_run: bool
    skipped: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)


def quarantine_rebuild(*, document_id: str, dry_run: bool) -> RebuiltDocument:
    """Rebuild a document, and end its quarantine.

    Raises ``NoDocumentInQuarantineError``, ``StartFailsError``, ``LogGapError``.
    """
    listed = next(quarantined_documents(document_id=document_id), None)
    if listed is None:
        raise NoDocumentInQuarantineError(f"The document {document_id} is not in quarantine.")
    rebuilt = RebuiltDocument(document_id, listed.reason, dry_run)
    culprits = _find_culprits(document_id)
    rebuilt.skipped = [culprit.seq for culprit in culprits]
    if dry_run:
        return rebuilt
    for culprit in culprits:
        operation_quarantine(culprit, LoadFailedError("It makes the load of its document fail."))
    document_quarantine_end(document_id=document_id, skipped=rebuilt.skipped)
    snapshot_forget(document_id=document_id)
    if culprits:
        rebuilt.versions = _make_versions_again(document_id, culprits[0].seq)
    return rebuilt


def _find_culprits(document_id: str) -> list[Operation]:
    """Return the operations without which the document loads, in the order of the log."""
    start = log_start_snapshot(document_id=document_id)
    state = start.state if start.seq else b""
    skipped = skipped_seqs(document_id=document_id)
    left = [
        operation
        for operation in operations_iter(document_id=document_id, after=start.seq)
        if operation.seq not in skipped
    ]
    if _fails(state, []):
        raise StartFailsError("The state at the beginning of its log fails. Restore a backup.")
    culprits: list[Operation] = []
    by_author: Counter[str] = Counter()
    reached = 0
    while _fails(state, left):
        reached = _first_failing(state, left, reached)
        culprit = left.pop(reached)
        culprits.append(culprit)
        by_author[culprit.author_id] += 1
        if by_author[culprit.author_id] >= MAX_OF_ONE_AUTHOR:
            later = [one for one in left[reached:] if one.author_id == culprit.author_id]
            culprits += later
            left = [*left[:reached], *(one for one in left[reached:] if one not in later)]
    return sorted(culprits, key=lambda operation: operation.seq)


def _first_failing(state: bytes, operations: Sequence[Operation], first: int) -> int:
    """Return the index of the first operation with which the load fails, from ``first`` on."""
    low, high = first, len(operations) - 1
    while low < high:
        middle = (low + high) // 2
        if _fails(state, operations[: middle + 1]):
            high = middle
        else:
            low = middle + 1
    return low


def _fails(state: bytes, operations: Sequence[Operation]) -> bool:
    try:
        load_rehearse(state, [operation.update for operation in operations])
    except RehearsalFailedError as err:
        return err.reason is not None
    return False


def _make_versions_again(document_id: str, first_seq: int) -> list[int]:
    """Replace the snapshots of the versions from a seq on; return their numbers."""
    done = []
    with replayed(document_id) as replay:
        for seq, number in version_infos(document_id=document_id):
            if seq < first_seq:
                continue
            for _ in replay.steps(limit=seq - replay.seq):
                pass
            version = version_find(document_id=document_id, number=number)
            if version is not None and version_repair(version, replay.snapshot()):
                done.append(number)
    return done
