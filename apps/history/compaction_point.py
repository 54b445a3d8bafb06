"""The state at a compaction point (ADR 0007): a version that has to match the log's record."""

from apps.core.errors import ConflictError
from apps.history.selectors import version_find
from apps.history.snapshot import EMPTY, Snapshot, SnapshotDamagedError
from apps.oplog.compaction_point import CompactionPoint, compaction_point_find


class CompactionSnapshotLostError(ConflictError):
    """The state at a compaction point is missing or damaged, and cannot be rebuilt."""

    code = "base_lost"


def compaction_snapshot(point: CompactionPoint) -> Snapshot:
    """Return the state at a compaction point. Raises ``CompactionSnapshotLostError``."""
    version = version_find(document_id=point.document_id, number=point.number)
    if version is None:
        raise _lost(point, "it is not there")
    try:
        snapshot = Snapshot.decode(version.blob)
    except SnapshotDamagedError as err:
        raise _lost(point, "it is damaged") from err
    if snapshot.seq != point.seq or snapshot.version_vector != point.version_vector:
        raise _lost(point, "it is another state")
    return snapshot


def log_start_snapshot(*, document_id: str) -> Snapshot:
    """Return the snapshot before the first operation of a log; empty unless it is compacted.

    Raises ``CompactionSnapshotLostError``.
    """
    point = compaction_point_find(document_id=document_id)
    return EMPTY if point is None else compaction_snapshot(point)


def _lost(point: CompactionPoint, reason: str) -> CompactionSnapshotLostError:
    return CompactionSnapshotLostError(
        f"The log of {point.document_id} begins with version {point.number}, and {reason}. Put it "
        "back from a backup.",
        extra={"document_id": point.document_id, "number": point.number, "seq": point.seq},
    )
