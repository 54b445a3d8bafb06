"""Loading of a document from storage (docs/system-flow.md, §3, §8, §9).

Reads the last processed version, the best snapshot, and the operations after it in the order of
the log, which is causal. An operation that cannot be applied is quarantined and does not block the
others; a snapshot that does not fit the log is skipped; a log with a gap is an error, never an
empty document.
"""

import logging
from collections.abc import Callable

from apps.core import metrics
from apps.core.errors import NotFoundError
from apps.crdt.codec.structs import EMPTY_UPDATE
from apps.crdt.codec.vectors import encode_vector
from apps.crdt.engine.base import EngineBrokenError, UpdateRejectedError
from apps.history.client_owners import owners_of_log
from apps.history.compaction_point import log_start_snapshot
from apps.history.crash_notes import work_noted
from apps.history.last_processed import processed_find
from apps.history.loaded_document import LoadedDocument
from apps.history.log_tail import log_between
from apps.history.rebuild import Recovery, rebuild_without_breaking
from apps.history.rehearsals import RehearsalFailedError
from apps.history.selectors import version_blobs_at
from apps.history.snapshot import EMPTY, Snapshot, SnapshotDamagedError
from apps.history.snapshot_cache import snapshot_put
from apps.history.unmerged_document import (
    UnmergedDocument,
    state_is_whole,
    updates_merge_raw,
    updates_merge_stored,
)
from apps.oplog.compaction_point import (
    CompactionPoint,
    compacted,
    compaction_point_find,
)
from apps.oplog.operation import Operation
from apps.oplog.quarantine import quarantined_seqs
from apps.oplog.selectors import head_seq

logger = logging.getLogger(__name__)


class SeqNotFoundError(NotFoundError):
    """The log has no operation of this seq; ``extra`` has the latest one."""

    code = "seq_not_found"


def document_load(*, document_id: str) -> LoadedDocument:
    """Rebuild a document; raises as ``document_recover`` does."""
    return document_recover(document_id=document_id).document


def document_load_to_edit(*, document_id: str) -> LoadedDocument:
    """Rebuild a document with the owners of its client ids, which an edit is judged by.

    Where its snapshot is older and has none, they are derived from the log, and the snapshot is
    cached with them. Raises as ``document_recover`` and ``owners_of_log`` do.
    """
    loaded = document_load(document_id=document_id)
    if loaded.owners is None:
        owners_derive(loaded, document_id=document_id)
        snapshot_put(document_id=document_id, snapshot=snapshot_of(loaded, document_id=document_id))
    return loaded


def owners_derive(loaded: LoadedDocument, *, document_id: str) -> None:
    """Read the owners of a document's client ids from its log, where they are not known."""
    if loaded.owners is None:
        loaded.owners = owners_of_log(document_id=document_id, up_to=loaded.seq)


def document_load_to(
    *, document_id: str, seq: int, on_operation: Callable[[Operation], None]
) -> LoadedDocument:
    """Rebuild a document at least up to operation ``seq`` and to the last processed version.

    For a caller that receives the later operations in another way. ``on_operation`` is called with
    each operation that is read: the last one of the snapshot if the log has it, and those after
    it; with some of them twice where one had to be quarantined. Raises as ``document_recover``
    does.
    """
    recovery = Recovery(document_id, stop_seq=seq, on_operation=on_operation)
    return _recover(recovery).document


def state_of(loaded: LoadedDocument, *, document_id: str, vector: bytes | None = None) -> bytes:
    """Return a document as one v1 update: everything, or at least what ``vector`` lacks."""
    if isinstance(loaded.engine, UnmergedDocument):
        return _merged_apart(loaded, loaded.engine, document_id, vector)
    with work_noted(document_id):
        state = loaded.engine.encode()
        if state_is_whole(state, loaded.vector):
            return state if vector is None else loaded.engine.encode(vector)
    return log_state(document_id=document_id, up_to=loaded.seq)


def _merged_apart(
    loaded: LoadedDocument, unmerged: UnmergedDocument, document_id: str, vector: bytes | None
) -> bytes:
    """Merge a document that is only read; what cannot be merged so is loaded as for an edit."""
    if not unmerged.updates:
        return EMPTY_UPDATE
    try:
        with work_noted(document_id):
            state = updates_merge_stored(
                unmerged.updates,
                vector=loaded.vector,
                beyond=vector,
                is_suspect=loaded.is_suspect,
            )
    except (RehearsalFailedError, UpdateRejectedError, EngineBrokenError):
        recovery = Recovery(document_id, up_to=loaded.seq)
        rebuild_without_breaking(recovery)
        again = recovery.document
        try:
            return state_of(again, document_id=document_id, vector=vector)
        finally:
            again.engine.close()
    if state is None:
        return log_state(document_id=document_id, up_to=loaded.seq)
    return state


def snapshot_of(loaded: LoadedDocument, *, document_id: str) -> Snapshot:
    """Return a document's present state as a snapshot."""
    return Snapshot(
        seq=loaded.seq,
        version_vector=encode_vector(loaded.vector),
        state=state_of(loaded, document_id=document_id),
        owners=loaded.encode_owners(),
    )


def log_state(*, document_id: str, up_to: int) -> bytes:
    """Return operations 1 to ``up_to`` merged into one update, from the bytes of their authors.

    Quarantined operations are left out. A compacted log contributes the state at its compaction
    point and the operations after it. Slow; for documents whose ids the engine cannot count
    (ADR 0001), as Yjs can. Raises ``CompactedError``, ``CompactionSnapshotLostError``.
    """
    point = compaction_point_find(document_id=document_id)
    if point is not None and up_to < point.seq:
        return _version_state(point, up_to).state
    start = log_start_snapshot(document_id=document_id)
    quarantined = quarantined_seqs(document_id=document_id)
    updates = [
        operation.update
        for operation in log_between(document_id, after=start.seq, up_to=up_to)
        if operation.seq not in quarantined
    ]
    return updates_merge_raw([start.state, *updates] if start.seq else updates)


def document_read(*, document_id: str) -> LoadedDocument:
    """Collect a document that is only read, for ``state_of``; raises as ``document_recover``."""
    return _recover(Recovery(document_id, reads_only=True)).document


def document_read_at(*, document_id: str, seq: int) -> LoadedDocument:
    """Collect a document as it was after operation ``seq``, for ``state_of``.

    Its updates are those of the nearest snapshot and of the log. Before the compaction point only
    the states of versions exist. Raises ``SeqNotFoundError`` when the log ends before ``seq``,
    ``CompactedError`` when it begins later and there is no version, and as ``document_recover``
    does.
    """
    latest = head_seq(document_id=document_id)
    if seq > latest:
        raise SeqNotFoundError(
            f"The log of this document ends at operation {latest}.", extra={"latest": latest}
        )
    if seq == 0:
        return LoadedDocument.open(EMPTY, UnmergedDocument())
    point = compaction_point_find(document_id=document_id)
    if point is not None and seq < point.seq:
        return LoadedDocument.open(_version_state(point, seq), UnmergedDocument())
    recovery = Recovery(document_id, up_to=seq, reads_only=True)
    rebuild_without_breaking(recovery)
    return recovery.document


def document_recover(*, document_id: str, dry_run: bool = False) -> Recovery:
    """Rebuild a document and record the steps; ``dry_run`` writes no cache and no quarantine.

    Reads the log to its end, regardless of the head in *documents*. Raises ``PyMongoError`` when
    the store is away, ``LogGapError`` when the log lacks an operation, and
    ``CompactionSnapshotLostError`` when the state at its compaction point is lost; never starts
    from an empty document instead.
    """
    return _recover(Recovery(document_id, dry_run))


def _recover(recovery: Recovery) -> Recovery:
    with recovery.step("last processed version"):
        recovery.processed = processed_find(document_id=recovery.document_id)
    if recovery.stop_seq is not None and recovery.processed is not None:
        recovery.stop_seq = max(recovery.stop_seq, recovery.processed.seq)
    rebuild_without_breaking(recovery)
    if not recovery.is_whole:
        metrics.LOG_SHORTENED.inc()
        logger.error(
            "the log of %s ends at %s, and a worker has seen more of it: was an older backup put "
            "in its place? The log is the truth.",
            recovery.document_id,
            recovery.document.seq,
        )
    return recovery


def _version_state(point: CompactionPoint, seq: int) -> Snapshot:
    """Return the state of a version before a compaction point. Raises ``CompactedError``."""
    if not seq:
        return EMPTY
    for blob in version_blobs_at(document_id=point.document_id, seq=seq):
        try:
            return Snapshot.decode(blob)
        except SnapshotDamagedError as err:
            logger.error("a version of %s at %s: %s", point.document_id, seq, err)
    raise compacted(point)
