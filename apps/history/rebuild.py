"""The rebuild of one document: choose a snapshot, and replay the log after it."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from apps.core.errors import AppError, InvalidInputError
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.update_reader import UpdateHeader
from apps.crdt.codec.vectors import covers, decode_vector
from apps.crdt.engine.base import EngineBrokenError
from apps.history import snapshot_cache
from apps.history.compaction_point import CompactionSnapshotLostError
from apps.history.crash_notes import work_noted
from apps.history.events import DamagedVersion, version_damaged
from apps.history.last_processed import Processed
from apps.history.load_trial import LoadCost, load_try
from apps.history.loaded_document import LoadedDocument
from apps.history.log_tail import UnfitSnapshotError, log_tail
from apps.history.selectors import FoundSnapshot, snapshots_iter
from apps.history.snapshot import Snapshot, SnapshotDamagedError
from apps.history.unmerged_document import UnmergedDocument
from apps.oplog.compaction_point import CompactedError
from apps.oplog.document_quarantine import load_precautions
from apps.oplog.operation import Operation
from apps.oplog.quarantine import operation_quarantine

logger = logging.getLogger(__name__)

#: Operations and bytes that are merged in one batch; larger batches are slower. Threat: the engine
#: joins what continues each other in one batch at a cost that grows with the square.
REPLAY_BATCH_OPERATIONS = 200
REPLAY_BATCH_BYTES = 8 * 1024
#: A state whose trial took longer, in milliseconds, is loaded in slices. Threat: a document that is
#: just fast enough for the trial, and holds each process that opens it.
SLICED_LOAD_MS = 100
#: Processor time for which there is one slice, in milliseconds. A call of the engine costs time for
#: each client id that the document has so far, so the number of slices is bounded.
SLICE_MS = 25
MAX_SLICES = 40


class _BreaksEngineError(Exception):
    """An operation made the engine fail; the document has to be rebuilt without it."""

    def __init__(self, operation: Operation, cause: EngineBrokenError) -> None:
        super().__init__(cause.message)
        self.operation = operation
        self.cause = cause


class _BreaksBatchError(Exception):
    """An operation of a batch made the engine fail when the batch ended."""


@dataclass(slots=True)
class Recovery:
    """A rebuilt document, and a record of the steps.

    ``skipped_snapshots`` has a line for each snapshot that could not be used, ``read`` counts the
    operations after the one that could, ``quarantined`` has the reason for each operation that
    could not be applied, by seq, ``seconds`` the time of each step.
    """

    document_id: str
    dry_run: bool = False
    #: Last operation of the document; None for all operations of the log.
    up_to: int | None = None
    #: The document is only read: it is not merged in this process.
    reads_only: bool = False
    #: Stop at this seq, but not before the workers' last processed seq. A newer snapshot is fine.
    stop_seq: int | None = None
    #: Called with every operation that is read, also with the last one of the snapshot.
    on_operation: Callable[[Operation], None] = lambda _: None
    #: Operations that are merged in one batch.
    batch_operations: int = REPLAY_BATCH_OPERATIONS
    #: A process died while it worked on the document; all of it is tried in a child process.
    is_suspect: bool = False
    processed: Processed | None = None
    found: FoundSnapshot | None = None
    snapshot_seq: int = 0
    loaded: LoadedDocument | None = None
    skipped_snapshots: list[str] = field(default_factory=list)
    read: int = 0
    quarantined: dict[int, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def document(self) -> LoadedDocument:
        """Return the document."""
        assert self.loaded is not None  # noqa: S101 - set before a Recovery is returned
        return self.loaded

    @property
    def is_whole(self) -> bool:
        """Return whether the log has everything that a worker has processed."""
        if self.processed is None or self.quarantined:
            return True
        if self.document.seq < self.processed.seq:
            return False
        try:
            return covers(self.document.vector, decode_vector(self.processed.version_vector))
        except DecodeError:  # a damaged mark proves nothing about the log
            return True

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step; the times of a repeated step are summed."""
        started = time.perf_counter()
        try:
            yield
        finally:
            duration = time.perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + duration


def rebuild_without_breaking(recovery: Recovery) -> None:
    """Rebuild a document; quarantine each operation that breaks the engine, and start over.

    Starts over once more when the log was compacted meanwhile. Raises ``DocumentQuarantinedError``.
    """
    was_compacted = False
    precautions = load_precautions(document_id=recovery.document_id)
    recovery.is_suspect = precautions.is_suspect
    for seq in precautions.skipped:
        recovery.quarantined[seq] = "It made the load fail."
    while recovery.loaded is None:
        try:
            _rebuild(recovery)
        except CompactedError as err:
            if was_compacted:
                raise CompactionSnapshotLostError(
                    f"{err.message} None of them can be read."
                ) from err
            was_compacted = True
        except _BreaksEngineError as err:
            _quarantine(recovery, err.operation, err.cause)
        except _BreaksBatchError:
            recovery.batch_operations = 1


def _rebuild(recovery: Recovery) -> None:
    """Try the snapshots, the best first, until one fits; the empty one fits every log."""
    recovery.read = 0
    recovery.skipped_snapshots = []
    snapshots = snapshots_iter(document_id=recovery.document_id, up_to=recovery.up_to)
    for found in _timed(recovery, snapshots):
        try:
            with recovery.step("open"):
                snapshot = Snapshot.decode(found.blob)
                took_ms = _try(recovery, snapshot.state if snapshot.seq else b"")
                unmerged = UnmergedDocument() if recovery.reads_only else None
                with work_noted(recovery.document_id):
                    loaded = _open(snapshot, unmerged, slices=_slices(took_ms))
            _replay(recovery, loaded)
        except CompactedError as err:
            if found.source == "nothing":
                raise
            _skip_snapshot(recovery, found, err)
            continue
        except (SnapshotDamagedError, UnfitSnapshotError) as err:
            _skip_snapshot(recovery, found, err)
            continue
        loaded.is_suspect = recovery.is_suspect
        recovery.found, recovery.snapshot_seq, recovery.loaded = found, snapshot.seq, loaded
        if found.source == "mongodb" and recovery.up_to is None and not recovery.dry_run:
            snapshot_cache.snapshot_put(document_id=recovery.document_id, snapshot=snapshot)
        return


def _skip_snapshot(recovery: Recovery, found: FoundSnapshot, error: Exception) -> None:
    """Report an unusable snapshot; drop it from the cache, request repair of a damaged version."""
    logger.error(
        "snapshot of %s (%s) passed over: %s", recovery.document_id, found.description, error
    )
    recovery.skipped_snapshots.append(f"{found.description}: {error}")
    if recovery.dry_run:
        return
    if found.source == "redis":
        snapshot_cache.snapshot_forget(document_id=recovery.document_id)
    if found.number is not None and isinstance(error, SnapshotDamagedError):
        version_damaged.publish(DamagedVersion(recovery.document_id, found.number))


def _batches(operations: Iterator[Operation], max_operations: int) -> Iterator[list[Operation]]:
    batch: list[Operation] = []
    size_bytes = 0
    for operation in operations:
        batch.append(operation)
        size_bytes += len(operation.update)
        if len(batch) >= max_operations or size_bytes > REPLAY_BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch


def _try(recovery: Recovery, state: bytes, updates: Sequence[bytes] = ()) -> int:
    if recovery.reads_only:  # it is merged in a child process
        return 0
    return load_try(
        document_id=recovery.document_id,
        state=state,
        updates=updates,
        is_suspect=recovery.is_suspect,
    )


def _timed(recovery: Recovery, snapshots: Iterator[FoundSnapshot]) -> Iterator[FoundSnapshot]:
    while True:
        with recovery.step("snapshot"):
            found = next(snapshots)
        yield found


def _slices(took_ms: int) -> int:
    """Return in how many slices to load a state whose trial took so long."""
    return 1 if took_ms <= SLICED_LOAD_MS else min(took_ms // SLICE_MS, MAX_SLICES)


def _open(snapshot: Snapshot, unmerged: UnmergedDocument | None, *, slices: int) -> LoadedDocument:
    try:
        return LoadedDocument.open(snapshot, unmerged, slices=slices)
    except (InvalidInputError, EngineBrokenError) as err:
        raise UnfitSnapshotError(f"it does not open: {err.message}") from err


def _replay(recovery: Recovery, loaded: LoadedDocument) -> None:
    """Apply the log after the snapshot, to its end, in batches."""
    with recovery.step("operations"):
        up_to = recovery.up_to
        if recovery.stop_seq is not None:
            up_to = max(recovery.stop_seq, loaded.seq)
        operations = log_tail(
            recovery.document_id, loaded, up_to=up_to, on_last=recovery.on_operation
        )
        cost = LoadCost(state_bytes=loaded.size_bytes)
        for batch in _batches(operations, recovery.batch_operations):
            updates = [
                operation.update for operation in batch if operation.seq not in recovery.quarantined
            ]
            if not recovery.reads_only and (cost.add(updates) or recovery.is_suspect):
                _try(recovery, loaded.engine.encode(), updates)
                cost = LoadCost(state_bytes=loaded.size_bytes)
            headers = cost.headers
            with work_noted(recovery.document_id), _engine_batch(recovery, loaded):
                for operation in batch:
                    header = headers.get(operation.update) if headers else None
                    _apply_or_quarantine(recovery, loaded, operation, header)


@contextmanager
def _engine_batch(recovery: Recovery, loaded: LoadedDocument) -> Iterator[None]:
    """Merge operations in one batch, unless batches of one are set.

    Raises ``_BreaksBatchError`` when the engine fails at the end of the batch.
    """
    if recovery.batch_operations == 1:
        yield
        return
    try:
        with loaded.engine.batch():
            yield
    except EngineBrokenError as err:
        raise _BreaksBatchError from err


def _apply_or_quarantine(
    recovery: Recovery,
    loaded: LoadedDocument,
    operation: Operation,
    header: UpdateHeader | None,
) -> None:
    recovery.read += 1
    recovery.on_operation(operation)
    try:
        error = loaded.apply_or_skip(operation, recovery.quarantined, header)
    except EngineBrokenError as err:
        raise _BreaksEngineError(operation, err) from err
    if error is not None:
        _quarantine(recovery, operation, error)


def _quarantine(recovery: Recovery, operation: Operation, error: AppError) -> None:
    recovery.quarantined[operation.seq] = error.message
    if not recovery.dry_run:
        operation_quarantine(operation, error)
