"""The rebuild of one document: the choice of a snapshot, and the replay of the log upon it."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

from apps.core.errors import AppError, InvalidInputError
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.vectors import covers, decode_vector
from apps.crdt.engine.base import EngineBrokenError
from apps.history import snapshot_cache
from apps.history.compaction_point import CompactionSnapshotLostError
from apps.history.events import DamagedVersion, version_damaged
from apps.history.last_processed import Processed
from apps.history.loaded_document import LoadedDocument
from apps.history.log_tail import UnfitSnapshotError, log_tail
from apps.history.selectors import FoundSnapshot, snapshots_iter
from apps.history.snapshot import Snapshot, SnapshotDamagedError
from apps.oplog.compaction_point import CompactedError
from apps.oplog.operation import Operation
from apps.oplog.quarantine import operation_quarantine

logger = logging.getLogger(__name__)

#: Operations that are merged at once: more make it slower again.
REPLAY_BATCH_OPERATIONS = 200


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
    at_once: int = REPLAY_BATCH_OPERATIONS
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


def rebuild_without_breaking(recovery: Recovery) -> None:
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
                snapshot = Snapshot.decode(found.blob)
                loaded = _open(snapshot)
            _replay(recovery, loaded)
        except CompactedError as err:
            if found.source == "nothing":
                raise
            _pass_over(recovery, found, err)
            continue
        except (SnapshotDamagedError, UnfitSnapshotError) as err:
            _pass_over(recovery, found, err)
            continue
        recovery.found, recovery.snapshot_seq, recovery.loaded = found, snapshot.seq, loaded
        if found.source == "mongodb" and recovery.up_to is None and not recovery.dry_run:
            snapshot_cache.snapshot_put(document_id=recovery.document_id, snapshot=snapshot)
        return


def _pass_over(recovery: Recovery, found: FoundSnapshot, error: Exception) -> None:
    """Say what is wrong with a snapshot; drop it from the cache, have a damaged version mended."""
    logger.error(
        "snapshot of %s (%s) passed over: %s", recovery.document_id, found.description, error
    )
    recovery.passed_over.append(f"{found.description}: {error}")
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
        raise UnfitSnapshotError(f"it does not open: {err.message}") from err


def _replay(recovery: Recovery, loaded: LoadedDocument) -> None:
    """Apply the log after the snapshot, to its end, many operations at once."""
    with recovery.step("operations"):
        up_to = recovery.up_to
        if recovery.enough is not None:
            up_to = max(recovery.enough, loaded.seq)
        operations = log_tail(
            recovery.document_id, loaded, up_to=up_to, on_last=recovery.on_operation
        )
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
    try:
        error = loaded.apply_or_skip(operation, recovery.set_aside)
    except EngineBrokenError as err:
        raise _BreaksEngineError(operation, err) from err
    if error is not None:
        _set_aside(recovery, operation, error)


def _set_aside(recovery: Recovery, operation: Operation, error: AppError) -> None:
    recovery.set_aside[operation.seq] = error.message
    if not recovery.dry_run:
        operation_quarantine(operation, error)
