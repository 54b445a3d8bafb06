"""Replays the log of one document, operation by operation, without writing.

The base of the integrity commands: the log is the truth (docs/invariants.md, 5), so everything else
is compared with the result of a replay. One pass, one document in memory.
"""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager

from apps.core.errors import AppError, ConflictError
from apps.crdt.codec.contents import MalformedUpdateError
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import (
    EMPTY_VECTOR,
    Vector,
    covers,
    decode_vector,
    encode_bounded,
    encode_vector,
)
from apps.crdt.engine.base import EngineBrokenError
from apps.crdt.engine.causal_gate import advance, touched_vector
from apps.history.compaction_point import log_start_snapshot
from apps.history.crash_notes import work_noted
from apps.history.load_trial import LoadCost, load_try
from apps.history.loaded_document import LoadedDocument
from apps.history.snapshot import EMPTY, Snapshot
from apps.history.unmerged_document import state_is_whole, updates_merge_raw
from apps.oplog.document_quarantine import load_precautions
from apps.oplog.operation import Operation
from apps.oplog.selectors import operations_iter

#: Rereads the operations from the start up to a seq.
ReadAgain = Callable[[int], Iterator[Operation]]


class RowUnreadableError(ConflictError):
    """A row of the log is not an operation: something else changed it."""

    code = "row_unreadable"


class LoadFailedError(ConflictError):
    """The operation made the load of its document fail (``apps.oplog.document_quarantine``)."""

    code = "load_failed"


class Replay:
    """A document that is built from its log. ``unapplied`` has the errors of operations, by seq.

    ``start`` is the snapshot at the compaction point.
    """

    def __init__(
        self,
        read_again: ReadAgain,
        start: Snapshot = EMPTY,
        *,
        skipped: AbstractSet[int] = frozenset(),
    ) -> None:
        #: The seqs of operations that are left out, because they make a load fail.
        self._skipped = skipped
        self.loaded = LoadedDocument.open(start)
        self.start = start
        self.unapplied: dict[int, AppError] = {}
        self.last: Operation | None = None
        self._read_again = read_again
        #: What the unapplied operations would have added.
        self._unapplied_vector: Vector = {}

    @property
    def seq(self) -> int:
        """Return the seq of the last operation."""
        return self.loaded.seq

    def apply(self, operation: Operation) -> AppError | None:
        """Apply the next operation; skip one that cannot be applied, and return its error."""
        error: AppError | None = None
        try:
            if operation.seq in self._skipped:
                error = LoadFailedError("It makes the load of its document fail.")
                self.loaded.skip(operation)
            else:
                error = self.loaded.apply_or_skip(operation, self.unapplied)
        except EngineBrokenError as err:
            error = err
            self._rebuild(operation.seq - 1)
            self.loaded.skip(operation)
        if error is not None:
            self.unapplied[operation.seq] = error
            self._add_unapplied(operation)
        self.loaded.recent.clear()
        self.last = operation
        return error

    def matches_vector(self, stored: bytes) -> bool:
        """Return whether the clocks of a stored version vector are those of the document now.

        It may lack clients, and include unapplied operations, as their authors' documents have
        them.
        """
        try:
            vector = decode_vector(stored)
        except DecodeError:
            return False
        known, unapplied = self.loaded.vector.get, self._unapplied_vector.get
        return all(
            known(client, 0) <= clock <= max(known(client, 0), unapplied(client, 0))
            for client, clock in vector.items()
        )

    def has_vector(self, stored: bytes | None) -> bool:
        """Return whether a stored head's vector is that of the document now; None is a large one.

        As ``matches_vector``, but no client may be missing.
        """
        if stored is None:
            return encode_bounded(self.loaded.vector) is None
        return self.matches_vector(stored) and covers(decode_vector(stored), self.loaded.vector)

    def vector_of(self, operation: Operation) -> bytes:
        """Return the encoded version vector of the operation that was replayed last."""
        try:
            header = read_update(operation.update)
        except MalformedUpdateError:
            return EMPTY_VECTOR
        return encode_vector(touched_vector([header], self.loaded.vector))

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the document now."""
        state = self.loaded.engine.encode()
        if not state_is_whole(state, self.loaded.vector):  # it lacks something (ADR 0001)
            operations = self._read_again(self.seq)
            updates = [
                operation.update for operation in operations if operation.seq not in self.unapplied
            ]
            if self.start.seq:
                updates.insert(0, self.start.state)
            state = updates_merge_raw(updates)
        vector, owners = encode_vector(self.loaded.vector), self.loaded.encode_owners()
        return Snapshot(self.seq, vector, state, owners)

    def close(self) -> None:
        """Free the memory of the engine."""
        self.loaded.engine.close()

    def _rebuild(self, up_to: int) -> None:
        """Rebuild the document, without the operation that broke the engine."""
        self.loaded.engine.close()
        self.loaded = LoadedDocument.open(self.start)
        for operation in self._read_again(up_to):
            if error := self.loaded.apply_or_skip(operation, self.unapplied):
                raise error
            self.loaded.recent.clear()

    def _add_unapplied(self, operation: Operation) -> None:
        try:
            advance(self._unapplied_vector, read_update(operation.update))
        except MalformedUpdateError:
            return


class LogReplay(Replay):
    """A replay of a stored log.

    What may hold or end this process is tried in a child process first, as at a load.
    Raises ``CompactionSnapshotLostError`` where the snapshot at the compaction point is lost, and
    ``DocumentQuarantinedError``.
    """

    def __init__(self, document_id: str) -> None:
        self.document_id = document_id
        skipped = load_precautions(document_id=document_id).skipped
        start = log_start_snapshot(document_id=document_id)
        load_try(document_id=document_id, state=start.state if start.seq else b"")
        self._cost = LoadCost(state_bytes=len(start.state))
        super().__init__(
            lambda up_to: _read(document_id, after=start.seq, limit=up_to - start.seq),
            start,
            skipped=skipped,
        )

    def apply(self, operation: Operation) -> AppError | None:
        """Apply the next operation, as ``Replay.apply`` does."""
        updates = [operation.update]
        if operation.seq not in self._skipped and self._cost.add(updates):
            state = self.loaded.engine.encode()
            load_try(document_id=self.document_id, state=state, updates=updates)
            self._cost = LoadCost(state_bytes=len(state))
        with work_noted(self.document_id):
            return super().apply(operation)

    def steps(self, *, limit: int | None = None) -> Iterator[tuple[Operation, AppError | None]]:
        """Apply the next operations of the log; yield each with its error or None.

        Raises ``DocumentQuarantinedError`` where one makes the load too slow, or ends a process.
        Raises ``LogGapError`` where an operation is missing, ``RowUnreadableError`` for a
        damaged row, ``PyMongoError`` when the store is unavailable.
        """
        for operation in _read(self.document_id, after=self.seq, limit=limit):
            yield operation, self.apply(operation)


@contextmanager
def replayed(document_id: str) -> Iterator[LogReplay]:
    """Yield a replay at its start; close it at the end.

    Raises ``CompactionSnapshotLostError``.
    """
    replay = LogReplay(document_id)
    try:
        yield replay
    finally:
        replay.close()


def _read(document_id: str, *, after: int, limit: int | None) -> Iterator[Operation]:
    if limit == 0:  # MongoDB reads 0 as "no limit"
        return
    seq = after
    try:
        for operation in operations_iter(document_id=document_id, after=after, limit=limit):
            seq = operation.seq
            yield operation
    except (KeyError, TypeError) as err:
        raise RowUnreadableError(
            f"The row after operation {seq} of {document_id} is not an operation: {err!r}.",
            extra={"document_id": document_id, "seq": seq + 1},
        ) from err
