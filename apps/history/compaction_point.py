"""The state that a compacted log begins with (ADR 0007): a version, and the log's word on it."""

from apps.core.errors import ConflictError
from apps.history.selectors import version_find
from apps.history.snapshot import EMPTY, Snapshot, SnapshotDamagedError
from apps.oplog.compaction_point import CompactionPoint, compaction_point_find


class CompactionSnapshotLostError(ConflictError):
    """The state that a log begins with is gone or damaged, and nothing makes it anew."""

    code = "base_lost"


def compaction_snapshot(base: CompactionPoint) -> Snapshot:
    """Return the state that a log begins with. Raises ``CompactionSnapshotLostError``."""
    version = version_find(document_id=base.document_id, number=base.number)
    if version is None:
        raise _lost(base, "it is not there")
    try:
        snapshot = Snapshot.unpack(version.packed)
    except SnapshotDamagedError as err:
        raise _lost(base, "it is damaged") from err
    if snapshot.seq != base.seq or snapshot.version_vector != base.version_vector:
        raise _lost(base, "it is another state")
    return snapshot


def log_start_snapshot(*, document_id: str) -> Snapshot:
    """Return the snapshot that a document's log starts from; empty where it is not compacted.

    Raises ``CompactionSnapshotLostError``.
    """
    base = compaction_point_find(document_id=document_id)
    return EMPTY if base is None else compaction_snapshot(base)


def _lost(base: CompactionPoint, why: str) -> CompactionSnapshotLostError:
    return CompactionSnapshotLostError(
        f"The log of {base.document_id} begins with version {base.number}, and {why}. Put it back "
        "from a backup.",
        extra={"document_id": base.document_id, "number": base.number, "seq": base.seq},
    )
