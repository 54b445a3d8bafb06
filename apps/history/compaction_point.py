"""The state that a compacted log begins with (ADR 0007): a version, and the log's word on it."""

from apps.core.errors import ConflictError
from apps.history.selectors import version_find
from apps.history.snapshot import EMPTY, Snapshot, SnapshotDamagedError
from apps.oplog.compaction_point import LogBase, base_find


class BaseLostError(ConflictError):
    """The state that a log begins with is gone or damaged, and nothing makes it anew."""

    code = "base_lost"


def base_snapshot(base: LogBase) -> Snapshot:
    """Return the state that a log begins with. Raises ``BaseLostError``."""
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


def log_start(*, document_id: str) -> Snapshot:
    """Return what a document's log begins with: its base, or nothing. Raises ``BaseLostError``."""
    base = base_find(document_id=document_id)
    return EMPTY if base is None else base_snapshot(base)


def _lost(base: LogBase, why: str) -> BaseLostError:
    return BaseLostError(
        f"The log of {base.document_id} begins with version {base.number}, and {why}. Put it back "
        "from a backup.",
        extra={"document_id": base.document_id, "number": base.number, "seq": base.seq},
    )
