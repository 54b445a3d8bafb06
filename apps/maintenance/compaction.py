"""Compaction of a log: a checked version replaces the operations older than a horizon (ADR 0007).

It has four steps. The process may die after any of them; the next run continues:

1. compact: unique id, author, time and id ranges of each operation are added to compacted rows;
2. check: the version of the new compaction point is compared with a replay of the log, the
   compacted rows with the log;
3. decide: the compaction point is stored, with the checked copies (ADR 0016), and those of the
   operations that came meanwhile are added. From then on no reader reads operations up to it;
4. delete the operations, the oldest first, once ``COMPACT_DROP_AFTER_S`` have passed.

An edit that was sent twice or a replay may have begun before the third step and still needs the
operations, so the wait is longer than any edit takes.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings

from apps.core import clock, failpoints
from apps.core.errors import ConflictError
from apps.documents.heads import head_find
from apps.history.attribution import AttributionIndex, attribution_extend
from apps.history.compaction_point import compaction_snapshot
from apps.history.last_processed import processed_find
from apps.history.selectors import version_find, version_infos
from apps.history.services import version_mark_compaction_point, versions_unmark_compaction_point
from apps.history.snapshot import Snapshot
from apps.maintenance.integrity.log_replay import LogReplay, replayed
from apps.maintenance.integrity.snapshot_check import version_fault
from apps.oplog.bulk import operations_count, operations_drop
from apps.oplog.compacted_operations import (
    MAX_COPIES_BYTES,
    CompactedOperation,
    copies_pack,
    copies_unpack,
)
from apps.oplog.compaction_point import (
    CompactionPoint,
    compacted_append,
    compacted_end,
    compacted_faults,
    compacted_iter,
    compaction_point_add_copies,
    compaction_point_advance,
    compaction_point_find,
)
from apps.oplog.quarantine import quarantined_seqs
from apps.oplog.selectors import head_seq, log_reaches, operations_iter, seqs_received

logger = logging.getLogger(__name__)

#: Operations of one compacted row.
COMPACTED_ROW_OPERATIONS = 1_000
#: Fewer operations are not worth a compaction.
COMPACTION_MIN_OPERATIONS = 1_000
#: More operations are left to the next run, in an hour: a replay keeps a worker's CPU busy.
COMPACTION_MAX_OPERATIONS = 50_000
#: How often the compaction point is tried where restores add copies to it at the same time.
DECIDE_ATTEMPTS = 10


class CompactionRefusedError(ConflictError):
    """The stored data is damaged, or another process changes it; nothing was deleted."""

    code = "compaction_refused"


@dataclass(frozen=True, slots=True)
class CompactionTarget:
    """A future compaction point: the last operation to compact, and the version at it."""

    seq: int
    number: int


@dataclass(slots=True)
class Compacted:
    """The result of one compaction, or of a dry run.

    ``begins`` is the first seq of the log afterwards, ``packed`` the number of operations that were
    compacted, ``dropped`` the number of operations that were deleted.
    """

    begins: int
    packed: int = 0
    dropped: int = 0


def document_compact(
    *,
    document_id: str,
    after_days: int,
    apply: bool,
    min_operations: int = COMPACTION_MIN_OPERATIONS,
    max_operations: int = COMPACTION_MAX_OPERATIONS,
) -> Compacted:
    """Compact operations older than ``after_days``, 0 for none; delete those compacted before.

    At least ``min_operations`` and about ``max_operations`` at once. Without ``apply`` only return
    what would be done. Raises ``CompactionRefusedError`` and the errors of a replay; then nothing
    was deleted.
    """
    now = clock.now()
    done = _delete_compacted(document_id, now, apply=apply)
    if not after_days:
        return done
    point = compaction_point_find(document_id=document_id)
    compacted_seq = point.seq if point else 0
    old = _candidates(document_id, compacted_seq + min_operations, now - timedelta(days=after_days))
    target = _choose_target(old, compacted_seq + max_operations)
    if target is not None:
        done.packed = target.seq - compacted_seq
        done.begins = target.seq + 1
        if apply:
            _move_compaction_point(document_id, target)
    return done


# --- the new compaction point ---


def _choose_target(old: dict[int, int], up_to: int) -> CompactionTarget | None:
    """Return the latest version up to a seq, else the first version after it, None for none."""
    if not old:
        return None
    seq = max((seq for seq in old if seq <= up_to), default=min(old))
    return CompactionTarget(seq, old[seq])


def _candidates(document_id: str, first: int, horizon: datetime) -> dict[int, int]:
    """Return the versions, from a seq on, that may become the compaction point: number by seq.

    The operation at such a version was received before the horizon, Kafka and the workers have it,
    it is not the last one, and no operation up to it is quarantined: a release needs it in the log.
    """
    end = _last_compactable_seq(document_id)
    numbers = {
        seq: number for seq, number in version_infos(document_id=document_id) if first <= seq <= end
    }
    if not numbers:
        return {}
    received = seqs_received(document_id=document_id, seqs=list(numbers))
    return {seq: numbers[seq] for seq, at in received.items() if at < horizon}


def _last_compactable_seq(document_id: str) -> int:
    """Return the last operation that may be compacted, regardless of its age."""
    head, processed = head_find(document_id=document_id), processed_find(document_id=document_id)
    if head is None or processed is None:
        return 0
    quarantined = quarantined_seqs(document_id=document_id)
    return min(head.seq - 1, head.published_seq, processed.seq, *(seq - 1 for seq in quarantined))


# --- compact, check, decide ---


def _move_compaction_point(document_id: str, target: CompactionTarget) -> None:
    with replayed(document_id) as replay:
        compacted_seq = replay.seq
        _append_compacted(replay, target.seq)
        expected = replay.snapshot()
    _check_version(document_id, target, expected)
    _check_compacted(document_id, compacted_seq, target.seq)
    if not version_mark_compaction_point(document_id=document_id, number=target.number):
        raise CompactionRefusedError(f"Version {target.number} of {document_id} is gone.")
    if failpoints.armed:
        failpoints.reach("after_base_marked")
    previous = compaction_point_find(document_id=document_id)
    index = AttributionIndex()
    _check_copies(index, document_id, previous)
    _decide(document_id, target, expected, index)
    if failpoints.armed:
        failpoints.reach("after_log_begins")
    _add_later_copies(index, document_id, previous)
    logger.info("the log of %s begins at operation %s", document_id, target.seq + 1)


def _decide(
    document_id: str, target: CompactionTarget, expected: Snapshot, index: AttributionIndex
) -> None:
    """Store the compaction point, with the copies that the one before it has by then."""
    for _ in range(DECIDE_ATTEMPTS):
        previous = compaction_point_find(document_id=document_id)
        point = CompactionPoint(
            document_id=document_id,
            seq=target.seq,
            number=target.number,
            version_vector=expected.version_vector,
            made_at=clock.now(),
            copies=_list_copies(document_id, index, previous),
        )
        if compaction_point_advance(point, previous=previous):
            return
    raise CompactionRefusedError(f"Others change the compaction point of {document_id} now.")


def _list_copies(
    document_id: str, index: AttributionIndex, previous: CompactionPoint | None
) -> bytes:
    """Return the checked copies, and the known ones of edits that the server has yet to submit."""
    checked = index.copies.copies
    known = copies_unpack(previous.copies) if previous is not None else []
    packed = copies_pack([*checked, *sorted(set(known).difference(checked))])
    if len(packed) > MAX_COPIES_BYTES:  # also those of edits that failed
        packed = copies_pack(checked)
    if len(packed) > MAX_COPIES_BYTES:
        raise CompactionRefusedError(
            f"{document_id} has {len(checked)} copies: their list is too large."
        )
    return packed


def _check_copies(
    index: AttributionIndex, document_id: str, previous: CompactionPoint | None
) -> None:
    """Add the rest of the log, and check its copies: that needs the content of operations."""
    up_to = head_seq(document_id=document_id)
    attribution_extend(index, document_id=document_id, up_to=up_to, point=previous)


def _add_later_copies(
    index: AttributionIndex, document_id: str, previous: CompactionPoint | None
) -> None:
    """Add the copies of the operations that came while the compaction point was decided.

    The server's edits that come later add theirs when they are made: they see the point.
    """
    _check_copies(index, document_id, previous)
    compaction_point_add_copies(document_id=document_id, copies=index.copies.copies)


def _append_compacted(replay: LogReplay, up_to: int) -> None:
    """Replay a log up to an operation, and store the compacted rows that are missing."""
    packed = compacted_end(document_id=replay.document_id)
    operations = _replay_compacted(replay, up_to)
    new = (operation for operation in operations if operation.seq > packed)
    while row := list(islice(new, COMPACTED_ROW_OPERATIONS)):
        if not compacted_append(document_id=replay.document_id, operations=row):
            raise CompactionRefusedError(f"Another process compacts {replay.document_id} now.")
        if failpoints.armed:
            failpoints.reach("after_packed")


def _replay_compacted(replay: LogReplay, up_to: int) -> Iterator[CompactedOperation]:
    for operation, error in replay.steps(limit=up_to - replay.seq):
        if error is not None:
            raise CompactionRefusedError(
                f"Operation {operation.seq} of {replay.document_id} cannot be applied: "
                f"{error.message}"
            )
        yield CompactedOperation.of(operation)


def _check_version(document_id: str, target: CompactionTarget, expected: Snapshot) -> None:
    """Read the stored version, and compare its content and vector with the replay."""
    version = version_find(document_id=document_id, number=target.number)
    if version is None:
        raise CompactionRefusedError(f"Version {target.number} of {document_id} is gone.")
    fault = version_fault(version, expected)
    if fault is not None:
        raise CompactionRefusedError(f"Version {target.number} of {document_id}: {fault.text}")


def _check_compacted(document_id: str, compacted_seq: int, up_to: int) -> None:
    """Read the stored compacted rows, and compare them with the log."""
    rows = compacted_iter(document_id=document_id, after=compacted_seq, up_to=up_to)
    operations = operations_iter(
        document_id=document_id, after=compacted_seq, limit=up_to - compacted_seq
    )
    for packed, operation in zip(rows, operations, strict=True):
        if packed != CompactedOperation.of(operation):
            raise CompactionRefusedError(
                f"The packed operation {operation.seq} of {document_id} differs from the log."
            )


# --- delete ---


def _delete_compacted(document_id: str, now: datetime, *, apply: bool) -> Compacted:
    """Delete the operations up to the compaction point, once it is old enough."""
    point = compaction_point_find(document_id=document_id)
    if point is None:
        return Compacted(begins=1)
    done = Compacted(begins=point.first_seq)
    left = operations_count(document_id=document_id, up_to=point.seq)
    wait = timedelta(seconds=settings.COMPACT_DROP_AFTER_S)
    if not left or now - point.made_at < wait:
        return done
    if not apply:
        done.dropped = left
        return done
    _check_before_deletion(point)
    if log_reaches(document_id=document_id, seq=1):
        # At the first compaction only its process adds the copies that come during the decision,
        # and it may have died. Later, each edit of the server has added its own to the point.
        _add_later_copies(AttributionIndex(), document_id, None)
    for dropped in operations_drop(document_id=document_id, up_to=point.seq):
        done.dropped = dropped
        if failpoints.armed:
            failpoints.reach("after_dropped")
    versions_unmark_compaction_point(document_id=document_id, below=point.seq)
    return done


def _check_before_deletion(point: CompactionPoint) -> None:
    """Check once more the snapshot and the rows that replace the deleted operations."""
    compaction_snapshot(point)
    for _, text in compacted_faults(document_id=point.document_id):
        raise CompactionRefusedError(text)
