"""Loading of a document from storage (docs/system-flow.md, §3, §8, §9).

The last processed version, the best snapshot, and the operations after it in the order of the log,
which is causal. What cannot be applied is set aside and never blocks the rest; a snapshot that does
not fit the log is passed over; a log with a gap is an error, never an empty document.
"""

import logging
from collections.abc import Callable

from django.conf import settings

from apps.core import metrics
from apps.core.errors import NotFoundError
from apps.crdt.codec.vectors import encode_vector
from apps.crdt.engine.base import get_engine
from apps.history.compaction_point import log_start_snapshot
from apps.history.last_processed import processed_find
from apps.history.loaded_document import LoadedDocument
from apps.history.log_tail import log_between
from apps.history.rebuild import Recovery, rebuild_without_breaking
from apps.history.selectors import version_blob_at
from apps.history.snapshot import EMPTY, Snapshot, SnapshotDamagedError
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
    """The log has no operation of this seq; ``extra`` says which is the latest."""

    code = "seq_not_found"


def document_load(*, document_id: str) -> LoadedDocument:
    """Rebuild a document; raises as ``document_recover`` does."""
    return document_recover(document_id=document_id).document


def document_load_to(
    *, document_id: str, seq: int, on_operation: Callable[[Operation], None]
) -> LoadedDocument:
    """Rebuild a document at least to operation ``seq``, and to where the workers have come.

    For one who gets what comes after by another way. ``on_operation`` is told of the operations
    that were read: the snapshot's own if the log has it, and those after it; of some twice where
    one had to be set aside. Raises as ``document_recover`` does.
    """
    recovery = Recovery(document_id, enough=seq, on_operation=on_operation)
    return _recover(recovery).document


def state_of(loaded: LoadedDocument, *, document_id: str, vector: bytes | None = None) -> bytes:
    """Return a document as one v1 update: everything, or at least what ``vector`` lacks."""
    if loaded.has_everything():
        return loaded.engine.encode(vector)
    return log_state(document_id=document_id, up_to=loaded.seq)


def snapshot_of(loaded: LoadedDocument, *, document_id: str) -> Snapshot:
    """Return a document's present state as a snapshot."""
    return Snapshot(
        seq=loaded.seq,
        version_vector=encode_vector(loaded.vector),
        state=state_of(loaded, document_id=document_id),
    )


def log_state(*, document_id: str, up_to: int) -> bytes:
    """Return operations 1 to ``up_to`` as one update, byte by byte as their authors sent them.

    Without those that are set aside; of a compacted log the state that it begins with, and what
    came after. Slow, and for documents that the engine cannot count right (ADR 0001): Yjs can.
    Raises ``CompactedError``, ``CompactionSnapshotLostError``.
    """
    base = compaction_point_find(document_id=document_id)
    if base is not None and up_to < base.seq:
        return _kept(base, up_to).state
    start = log_start_snapshot(document_id=document_id)
    aside = quarantined_seqs(document_id=document_id)
    updates = [
        each.update
        for each in log_between(document_id, after=start.seq, up_to=up_to)
        if each.seq not in aside
    ]
    engine = get_engine(settings.CRDT_ENGINE)
    return engine.merge([start.state, *updates] if start.seq else updates)


def document_load_at(*, document_id: str, seq: int) -> LoadedDocument:
    """Rebuild a document as it was after operation ``seq``: the nearest snapshot, and the log.

    Before the beginning of a compacted log only what a version has kept. Raises
    ``SeqNotFoundError`` when the log does not reach so far, ``CompactedError`` when it begins
    later, and as ``document_recover``.
    """
    latest = head_seq(document_id=document_id)
    if seq > latest:
        raise SeqNotFoundError(
            f"The log of this document ends at operation {latest}.", extra={"latest": latest}
        )
    if seq == 0:
        return LoadedDocument.open(EMPTY)
    base = compaction_point_find(document_id=document_id)
    if base is not None and seq < base.seq:
        return LoadedDocument.open(_kept(base, seq))
    recovery = Recovery(document_id, up_to=seq)
    rebuild_without_breaking(recovery)
    return recovery.document


def document_recover(*, document_id: str, dry_run: bool = False) -> Recovery:
    """Rebuild a document and say how; with ``dry_run`` neither cache nor quarantine is touched.

    Reads the log to the end whatever *documents* says. Raises ``PyMongoError`` when the store is
    away, ``LogGapError`` when the log lacks an operation and ``CompactionSnapshotLostError`` when
    it lacks what it begins with; never starts from empty instead.
    """
    return _recover(Recovery(document_id, dry_run))


def _recover(recovery: Recovery) -> Recovery:
    with recovery.step("last processed version"):
        recovery.processed = processed_find(document_id=recovery.document_id)
    if recovery.enough is not None and recovery.processed is not None:
        recovery.enough = max(recovery.enough, recovery.processed.seq)
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


def _kept(base: CompactionPoint, seq: int) -> Snapshot:
    """Return the state of a version before a log's beginning. Raises ``CompactedError``."""
    if not seq:
        return EMPTY
    for packed in version_blob_at(document_id=base.document_id, seq=seq):
        try:
            return Snapshot.decode(packed)
        except SnapshotDamagedError as err:
            logger.error("a version of %s at %s: %s", base.document_id, seq, err)
    raise compacted(base)
