"""Loading of a document from storage (docs/system-flow.md, §3, §8, §9).

The last processed version, the best snapshot, and the operations after it in the order of the log,
which is causal. What cannot be applied is set aside and never blocks the rest; a snapshot that does
not fit the log is passed over; a log with a gap is an error, never an empty document.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

from django.conf import settings

from apps.core import metrics
from apps.core.errors import AppError, InvalidInputError, NotFoundError
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.vectors import covers, decode_vector, encode_vector
from apps.crdt.engine.base import EngineBrokenError, get_engine
from apps.history import snapshot_cache
from apps.history.compaction_point import CompactionSnapshotLostError, log_start_snapshot
from apps.history.events import DamagedVersion, version_damaged
from apps.history.last_processed import Processed, processed_find
from apps.history.loaded_document import LoadedDocument
from apps.history.selectors import FoundSnapshot, snapshots_iter, version_blob_at
from apps.history.snapshot import EMPTY, Snapshot, SnapshotDamagedError
from apps.oplog.compaction_point import (
    CompactedError,
    CompactionPoint,
    compacted,
    compaction_point_find,
)
from apps.oplog.operation import Operation
from apps.oplog.quarantine import operation_quarantine, quarantined_seqs
from apps.oplog.selectors import head_seq, operations_iter

logger = logging.getLogger(__name__)

#: Operations that are merged at once: more make it slower again.
BATCH = 200


class SeqNotFoundError(NotFoundError):
    """The log has no operation of this seq; ``extra`` says which is the latest."""

    code = "seq_not_found"


class _UnfitSnapshotError(Exception):
    """A snapshot that is whole and yet cannot serve: it does not open, or is not of this log."""


class _BreaksEngineError(Exception):
    """An operation made the engine fail; the document has to be rebuilt without it."""

    def __init__(self, operation: Operation, cause: EngineBrokenError) -> None:
        super().__init__(cause.message)
        self.operation = operation
        self.cause = cause


class _BreaksBatchError(Exception):
    """Some operation of a batch made the engine fail when the batch ended."""


@dataclass(slots=True)
class Recovery:
    """A rebuilt document and the steps to it.

    ``passed_over`` says which snapshots could not serve, ``read`` counts the operations after the
    one that could, ``set_aside`` holds the seq of those that cannot be applied and why,
    ``seconds`` the time of each step.
    """

    document_id: str
    dry_run: bool = False
    #: The last operation that is wanted; None for all that there are.
    up_to: int | None = None
    #: Where reading the log may stop, once a worker's mark is reached, too; a snapshot of later is
    #: welcome.
    enough: int | None = None
    #: Is told of every operation that is read, with that of the snapshot.
    on_operation: Callable[[Operation], None] = lambda _: None
    #: How many operations are merged at once.
    at_once: int = BATCH
    processed: Processed | None = None
    found: FoundSnapshot | None = None
    snapshot_seq: int = 0
    loaded: LoadedDocument | None = None
    passed_over: list[str] = field(default_factory=list)
    read: int = 0
    set_aside: dict[int, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def document(self) -> LoadedDocument:
        """Return the document."""
        assert self.loaded is not None  # noqa: S101 - set before anybody gets a Recovery
        return self.loaded

    @property
    def is_whole(self) -> bool:
        """Tell whether the log has everything that a worker has once seen of it."""
        if self.processed is None or self.set_aside:
            return True
        if self.document.seq < self.processed.seq:
            return False
        try:
            return covers(self.document.vector, decode_vector(self.processed.version_vector))
        except DecodeError:  # a damaged mark says nothing of the log
            return True

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step; what is done twice is added up."""
        started = time.perf_counter()
        try:
            yield
        finally:
            taken = time.perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + taken


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
        for each in _between(document_id, after=start.seq, up_to=up_to)
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
    _rebuild_without_breaking(recovery)
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
    _rebuild_without_breaking(recovery)
    if not recovery.is_whole:
        metrics.LOG_SHORTENED.inc()
        logger.error(
            "the log of %s ends at %s, and a worker has seen more of it: was an older backup put "
            "in its place? The log is the truth.",
            recovery.document_id,
            recovery.document.seq,
        )
    return recovery


def _rebuild_without_breaking(recovery: Recovery) -> None:
    """Rebuild it; what breaks the engine is set aside, and all of it begun anew.

    Begun anew once, too, when the log was compacted meanwhile.
    """
    surprised = False
    while recovery.loaded is None:
        try:
            _rebuild(recovery)
        except CompactedError as err:
            if surprised:
                raise CompactionSnapshotLostError(
                    f"{err.message} None of them can be read."
                ) from err
            surprised = True
        except _BreaksEngineError as err:
            _set_aside(recovery, err.operation, err.cause)
        except _BreaksBatchError:
            recovery.at_once = 1


def _rebuild(recovery: Recovery) -> None:
    """Try the snapshots, the best first, until one fits; the empty one fits every log."""
    recovery.read = 0
    recovery.passed_over = []
    snapshots = snapshots_iter(document_id=recovery.document_id, up_to=recovery.up_to)
    for found in _timed(recovery, snapshots):
        try:
            with recovery.step("open"):
                snapshot = Snapshot.unpack(found.packed)
                loaded = _open(snapshot)
            _replay(recovery, loaded)
        except CompactedError as err:
            if found.source == "nothing":
                raise
            _pass_over(recovery, found, err)
            continue
        except (SnapshotDamagedError, _UnfitSnapshotError) as err:
            _pass_over(recovery, found, err)
            continue
        recovery.found, recovery.snapshot_seq, recovery.loaded = found, snapshot.seq, loaded
        if found.source == "mongodb" and recovery.up_to is None and not recovery.dry_run:
            snapshot_cache.snapshot_put(document_id=recovery.document_id, snapshot=snapshot)
        return


def _pass_over(recovery: Recovery, found: FoundSnapshot, error: Exception) -> None:
    """Say what is wrong with a snapshot; drop it from the cache, have a damaged version mended."""
    logger.error("snapshot of %s (%s) passed over: %s", recovery.document_id, found.place, error)
    recovery.passed_over.append(f"{found.place}: {error}")
    if recovery.dry_run:
        return
    if found.source == "redis":
        snapshot_cache.snapshot_forget(document_id=recovery.document_id)
    if found.number is not None and isinstance(error, SnapshotDamagedError):
        version_damaged.publish(DamagedVersion(recovery.document_id, found.number))


def _timed(recovery: Recovery, snapshots: Iterator[FoundSnapshot]) -> Iterator[FoundSnapshot]:
    while True:
        with recovery.step("snapshot"):
            found = next(snapshots)
        yield found


def _open(snapshot: Snapshot) -> LoadedDocument:
    try:
        return LoadedDocument.open(snapshot)
    except (InvalidInputError, EngineBrokenError) as err:
        raise _UnfitSnapshotError(f"it does not open: {err.message}") from err


def _replay(recovery: Recovery, loaded: LoadedDocument) -> None:
    """Apply the log after the snapshot, to its end, many operations at once."""
    with recovery.step("operations"):
        operations = _after(recovery, loaded)
        while batch := list(islice(operations, recovery.at_once)):
            with _whole(recovery, loaded):
                for operation in batch:
                    _take(recovery, loaded, operation)


@contextmanager
def _whole(recovery: Recovery, loaded: LoadedDocument) -> Iterator[None]:
    """Merge operations in one batch; when that fails in the end, each is tried by itself."""
    if recovery.at_once == 1:
        yield
        return
    try:
        with loaded.engine.batch():
            yield
    except EngineBrokenError as err:
        raise _BreaksBatchError from err


def _take(recovery: Recovery, loaded: LoadedDocument, operation: Operation) -> None:
    recovery.read += 1
    recovery.on_operation(operation)
    if operation.seq in recovery.set_aside:
        loaded.pass_over(operation)
        return
    try:
        loaded.apply(operation)
    except EngineBrokenError as err:
        raise _BreaksEngineError(operation, err) from err
    except AppError as err:
        _set_aside(recovery, operation, err)
        loaded.pass_over(operation)


def _after(recovery: Recovery, loaded: LoadedDocument) -> Iterator[Operation]:
    """Return the operations after a snapshot, once the log has shown that it is its snapshot.

    The last operation in the snapshot is read with them: no further round trip, and it tells that
    the log reaches so far, and had then the content that the snapshot has. (Or more, where an
    operation is set aside: those who wrote on may have had it.)
    """
    document_id, up_to = recovery.document_id, recovery.up_to
    if recovery.enough is not None:
        up_to = max(recovery.enough, loaded.seq)
    if not loaded.seq:
        return operations_iter(document_id=document_id, after=0, limit=up_to)
    before = loaded.seq - 1
    operations = operations_iter(
        document_id=document_id, after=before, limit=None if up_to is None else up_to - before
    )
    try:
        last = next(operations, None)
    except CompactedError:
        return _after_base(document_id, loaded, up_to)
    if last is None:
        raise _UnfitSnapshotError(f"the log ends before its seq {loaded.seq}")
    _check_seen(document_id, loaded, last.version_vector)
    recovery.on_operation(last)
    return operations


def _after_base(document_id: str, loaded: LoadedDocument, up_to: int | None) -> Iterator[Operation]:
    """Return the operations of a compacted log after the snapshot that it begins with."""
    base = compaction_point_find(document_id=document_id)
    if base is None or base.seq != loaded.seq:
        raise _UnfitSnapshotError("the log begins after it, and not at once")
    _check_seen(document_id, loaded, base.version_vector)
    return _between(document_id, after=loaded.seq, up_to=up_to)


def _check_seen(document_id: str, loaded: LoadedDocument, version_vector: bytes) -> None:
    """Raise unless the vector after a snapshot's last operation is that of the snapshot."""
    try:
        had_seen = decode_vector(version_vector)
    except DecodeError as err:
        raise _UnfitSnapshotError(f"operation {loaded.seq} has no readable vector") from err
    if not covers(had_seen, loaded.vector):
        raise _UnfitSnapshotError(f"operation {loaded.seq} had not seen all of it")
    if had_seen != loaded.vector and not quarantined_seqs(document_id=document_id):
        raise _UnfitSnapshotError(f"operation {loaded.seq} had seen more than is in it")


def _between(document_id: str, *, after: int, up_to: int | None) -> Iterator[Operation]:
    """Return the operations after a seq, up to another one."""
    if up_to == after:  # to MongoDB a limit of 0 is none
        return iter(())
    limit = None if up_to is None else up_to - after
    return operations_iter(document_id=document_id, after=after, limit=limit)


def _kept(base: CompactionPoint, seq: int) -> Snapshot:
    """Return the state of a version before a log's beginning. Raises ``CompactedError``."""
    if not seq:
        return EMPTY
    for packed in version_blob_at(document_id=base.document_id, seq=seq):
        try:
            return Snapshot.unpack(packed)
        except SnapshotDamagedError as err:
            logger.error("a version of %s at %s: %s", base.document_id, seq, err)
    raise compacted(base)


def _set_aside(recovery: Recovery, operation: Operation, error: AppError) -> None:
    recovery.set_aside[operation.seq] = error.message
    if not recovery.dry_run:
        operation_quarantine(operation, error)
