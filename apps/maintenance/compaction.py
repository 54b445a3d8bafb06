"""Compaction of a log: what is older than a horizon gives way to a checked state (ADR 0007).

In steps, each of which may be the last one of this process, and the next run goes on:

1. pack: name, author, moment and clocks of each operation, in rows that are only ever added;
2. check: the version that the log is to begin with, against a replay of the log; the rows, against
   the log;
3. decide: one row says that the log begins after that version. From here on nobody reads what is
   before;
4. drop, not before ``COMPACT_DROP_AFTER_S``: the operations go, the oldest first.

Who is between two steps of its own meanwhile finds the operations as they were: an edit that was
sent twice, a replay. So the wait is longer than any edit takes.
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
from apps.history.compaction_point import compaction_snapshot
from apps.history.last_processed import processed_find
from apps.history.selectors import version_find, version_infos
from apps.history.services import version_mark_compaction_point, versions_unmark_compaction_point
from apps.history.snapshot import Snapshot
from apps.maintenance.integrity.log_replay import LogReplay, replayed
from apps.maintenance.integrity.snapshot_check import version_fault
from apps.oplog.bulk import operations_count, operations_drop
from apps.oplog.compacted_operations import CompactedOperation
from apps.oplog.compaction_point import (
    CompactionPoint,
    compacted_append,
    compacted_end,
    compacted_faults,
    compacted_iter,
    compaction_point_advance,
    compaction_point_find,
)
from apps.oplog.quarantine import quarantined_seqs
from apps.oplog.selectors import operations_iter, seqs_received

logger = logging.getLogger(__name__)

#: Operations of one packed row.
COMPACTED_ROW_OPERATIONS = 1_000
#: Fewer are not worth a row, and a state that is checked.
COMPACTION_MIN_OPERATIONS = 1_000
#: More are for the next run, which is in an hour: a replay holds a worker's processor.
COMPACTION_MAX_OPERATIONS = 50_000


class CompactionRefusedError(ConflictError):
    """What is stored is not what it should be; nothing was dropped."""

    code = "compaction_refused"


@dataclass(frozen=True, slots=True)
class Goal:
    """After which operation a log is to begin, with the state of which version."""

    seq: int
    number: int


@dataclass(slots=True)
class Compacted:
    """What was done to one log, or with a dry run would be.

    ``begins`` is where the log begins in the end, ``packed`` how many operations were packed on
    the way there, ``dropped`` how many were deleted.
    """

    begins: int
    packed: int = 0
    dropped: int = 0


def document_compact(
    *,
    document_id: str,
    after_days: int,
    apply: bool,
    least: int = COMPACTION_MIN_OPERATIONS,
    most: int = COMPACTION_MAX_OPERATIONS,
) -> Compacted:
    """Compact a document's log up to so many days ago, 0 for never; go on with what was begun.

    Not for fewer than ``least`` operations, and of more than ``most`` a part. Without ``apply``
    only say what that would be. Raises ``CompactionRefusedError`` and as a replay does, and then
    nothing was dropped.
    """
    now = clock.now()
    done = _drop(document_id, now, apply=apply)
    if not after_days:
        return done
    base = compaction_point_find(document_id=document_id)
    begun = base.seq if base else 0
    old = _beginnings(document_id, begun + least, now - timedelta(days=after_days))
    goal = _goal(old, begun + most)
    if goal is not None:
        done.packed = goal.seq - begun
        done.begins = goal.seq + 1
        if apply:
            _advance(document_id, goal)
    return done


# --- where to ---


def _goal(old: dict[int, int], up_to: int) -> Goal | None:
    """Return the latest of some versions up to a seq, else the one after it; None for none."""
    if not old:
        return None
    seq = max((seq for seq in old if seq <= up_to), default=min(old))
    return Goal(seq, old[seq])


def _beginnings(document_id: str, first: int, horizon: datetime) -> dict[int, int]:
    """Return the versions from a seq on that the log can begin with: number by seq.

    The last operation of each came before the horizon; workers and Kafka have had it, there is one
    after it, and nothing up to it is in quarantine: a release has to find its operation in the log.
    """
    end = _end(document_id)
    numbers = {
        seq: number for seq, number in version_infos(document_id=document_id) if first <= seq <= end
    }
    if not numbers:
        return {}
    received = seqs_received(document_id=document_id, seqs=list(numbers))
    return {seq: numbers[seq] for seq, at in received.items() if at < horizon}


def _end(document_id: str) -> int:
    """Return the last operation that may be compacted, whatever its age."""
    head, processed = head_find(document_id=document_id), processed_find(document_id=document_id)
    if head is None or processed is None:
        return 0
    aside = quarantined_seqs(document_id=document_id)
    return min(head.seq - 1, head.published_seq, processed.seq, *(seq - 1 for seq in aside))


# --- pack, check, decide ---


def _advance(document_id: str, goal: Goal) -> None:
    with replayed(document_id) as replay:
        begun = replay.seq
        _pack(replay, goal.seq)
        right = replay.snapshot()
    _check_version(document_id, goal, right)
    _check_packed(document_id, begun, goal.seq)
    if not version_mark_compaction_point(document_id=document_id, number=goal.number):
        raise CompactionRefusedError(f"Version {goal.number} of {document_id} is gone.")
    if failpoints.armed:
        failpoints.reach("after_base_marked")
    base = CompactionPoint(
        document_id=document_id,
        seq=goal.seq,
        number=goal.number,
        version_vector=right.version_vector,
        made_at=clock.now(),
    )
    compaction_point_advance(base)
    if failpoints.armed:
        failpoints.reach("after_log_begins")
    logger.info("the log of %s begins at operation %s", document_id, base.begins)


def _pack(replay: LogReplay, up_to: int) -> None:
    """Replay a log up to an operation, and pack what is not packed yet."""
    packed = compacted_end(document_id=replay.document_id)
    operations = _replayed(replay, up_to)
    fresh = (each for each in operations if each.seq > packed)
    while row := list(islice(fresh, COMPACTED_ROW_OPERATIONS)):
        if not compacted_append(document_id=replay.document_id, operations=row):
            raise CompactionRefusedError(f"Somebody else compacts {replay.document_id} now.")
        if failpoints.armed:
            failpoints.reach("after_packed")


def _replayed(replay: LogReplay, up_to: int) -> Iterator[CompactedOperation]:
    for operation, error in replay.steps(limit=up_to - replay.seq):
        if error is not None:
            raise CompactionRefusedError(
                f"Operation {operation.seq} of {replay.document_id} cannot be applied: "
                f"{error.message}"
            )
        yield CompactedOperation.of(operation)


def _check_version(document_id: str, goal: Goal, right: Snapshot) -> None:
    """Read the version anew, and hold content and vector against the replay."""
    version = version_find(document_id=document_id, number=goal.number)
    if version is None:
        raise CompactionRefusedError(f"Version {goal.number} of {document_id} is gone.")
    fault = version_fault(version, right)
    if fault is not None:
        raise CompactionRefusedError(f"Version {goal.number} of {document_id}: {fault.text}")


def _check_packed(document_id: str, begun: int, up_to: int) -> None:
    """Read the rows anew, and hold them against the log."""
    rows = compacted_iter(document_id=document_id, after=begun, up_to=up_to)
    operations = operations_iter(document_id=document_id, after=begun, limit=up_to - begun)
    for packed, operation in zip(rows, operations, strict=True):
        if packed != CompactedOperation.of(operation):
            raise CompactionRefusedError(
                f"What is packed of operation {operation.seq} of {document_id} is another one."
            )


# --- drop ---


def _drop(document_id: str, now: datetime, *, apply: bool) -> Compacted:
    """Delete what is before the log's beginning, once that has been decided for long enough."""
    base = compaction_point_find(document_id=document_id)
    if base is None:
        return Compacted(begins=1)
    done = Compacted(begins=base.begins)
    left = operations_count(document_id=document_id, up_to=base.seq)
    wait = timedelta(seconds=settings.COMPACT_DROP_AFTER_S)
    if not left or now - base.made_at < wait:
        return done
    if not apply:
        done.dropped = left
        return done
    _check_kept(base)
    for dropped in operations_drop(document_id=document_id, up_to=base.seq):
        done.dropped = dropped
        if failpoints.armed:
            failpoints.reach("after_dropped")
    versions_unmark_compaction_point(document_id=document_id, below=base.seq)
    return done


def _check_kept(base: CompactionPoint) -> None:
    """Look once more at all that stays in the place of what goes. Raises as it does."""
    compaction_snapshot(base)
    for _, text in compacted_faults(document_id=base.document_id):
        raise CompactionRefusedError(text)
