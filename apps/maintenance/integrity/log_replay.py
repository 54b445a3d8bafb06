"""The log of one document replayed by itself, operation by operation, and nothing written.

What the integrity commands stand on: the log is the truth (docs/invariants.md, 5), so
everything else is held against what comes out here. One pass, one document in memory.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings

from apps.core.errors import AppError, ConflictError
from apps.crdt.codec.contents import MalformedUpdateError
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import Vector, covers, decode_vector, encode_vector, merge_into
from apps.crdt.engine.base import EngineBrokenError, get_engine
from apps.crdt.engine.causal_gate import advance
from apps.history.compaction_point import log_start_snapshot
from apps.history.loaded_document import LoadedDocument
from apps.history.snapshot import EMPTY, Snapshot
from apps.oplog.operation import Operation
from apps.oplog.selectors import operations_iter

#: Returns the operations after the start up to a seq once more.
Again = Callable[[int], Iterator[Operation]]


class RowUnreadableError(ConflictError):
    """A row of the log is not an operation: it was damaged from outside."""

    code = "row_unreadable"


class Replay:
    """A document as its log makes it. ``set_aside`` holds what could not be applied, by seq.

    ``start`` is the state that a compacted log begins with.
    """

    def __init__(self, again: Again, start: Snapshot = EMPTY) -> None:
        self.loaded = LoadedDocument.open(start)
        self.start = start
        self.set_aside: dict[int, AppError] = {}
        self.last: Operation | None = None
        self._again = again
        #: What those that are set aside would have brought.
        self._aside: Vector = {}

    @property
    def seq(self) -> int:
        """Return the last operation that was taken."""
        return self.loaded.seq

    def take(self, operation: Operation) -> AppError | None:
        """Apply the next operation; return the error of one that has to be set aside."""
        error: AppError | None = None
        try:
            self.loaded.apply(operation)
        except EngineBrokenError as err:
            error = err
            self._start_over(operation.seq - 1)
        except AppError as err:
            error = err
        if error is not None:
            self.set_aside[operation.seq] = error
            self._note_aside(operation)
            self.loaded.pass_over(operation)
        self.loaded.recent.clear()
        self.last = operation
        return error

    def has_vector(self, stored: bytes) -> bool:
        """Tell whether a stored version vector is that of the document now.

        Where something is set aside, those who wrote on may have had it.
        """
        try:
            vector = decode_vector(stored)
        except DecodeError:
            return False
        if not self.set_aside:
            return vector == self.loaded.vector
        utmost = dict(self.loaded.vector)
        merge_into(utmost, self._aside)
        return covers(vector, self.loaded.vector) and covers(utmost, vector)

    def snapshot(self) -> Snapshot:
        """Return the document as it is now."""
        if self.loaded.has_everything():
            state = self.loaded.engine.encode()
        else:  # the engine cannot count it right (ADR 0001)
            operations = self._again(self.seq)
            updates = [each.update for each in operations if each.seq not in self.set_aside]
            if self.start.seq:
                updates.insert(0, self.start.state)
            state = get_engine(settings.CRDT_ENGINE).merge(updates)
        return Snapshot(self.seq, encode_vector(self.loaded.vector), state)

    def close(self) -> None:
        """Let go of the memory."""
        self.loaded.engine.close()

    def _start_over(self, up_to: int) -> None:
        """Build the document anew, without the operation that broke it."""
        self.loaded.engine.close()
        self.loaded = LoadedDocument.open(self.start)
        for operation in self._again(up_to):
            if operation.seq in self.set_aside:
                self.loaded.pass_over(operation)
            else:
                self.loaded.apply(operation)
            self.loaded.recent.clear()

    def _note_aside(self, operation: Operation) -> None:
        try:
            advance(self._aside, read_update(operation.update))
        except MalformedUpdateError:
            return


class LogReplay(Replay):
    """A replay of a stored log.

    Raises ``CompactionSnapshotLostError`` where the snapshot that it starts from is gone.
    """

    def __init__(self, document_id: str) -> None:
        self.document_id = document_id
        start = log_start_snapshot(document_id=document_id)
        super().__init__(
            lambda up_to: _read(document_id, after=start.seq, limit=up_to - start.seq), start
        )

    def steps(self, *, limit: int | None = None) -> Iterator[tuple[Operation, AppError | None]]:
        """Take what comes next in the log, to its end; yield each with what ``take`` returns.

        Raises ``LogGapError`` where an operation is missing, ``RowUnreadableError`` for a row
        that is none, ``PyMongoError`` when the store is away.
        """
        for operation in _read(self.document_id, after=self.seq, limit=limit):
            yield operation, self.take(operation)


@contextmanager
def replayed(document_id: str) -> Iterator[LogReplay]:
    """Yield a replay before its first step; close it at the end.

    Raises ``CompactionSnapshotLostError``.
    """
    replay = LogReplay(document_id)
    try:
        yield replay
    finally:
        replay.close()


def _read(document_id: str, *, after: int, limit: int | None) -> Iterator[Operation]:
    if limit == 0:  # to MongoDB that is no limit
        return
    seq = after
    try:
        for operation in operations_iter(document_id=document_id, after=after, limit=limit):
            seq = operation.seq
            yield operation
    except (KeyError, TypeError) as err:
        raise RowUnreadableError(
            f"The row behind operation {seq} of {document_id} is not an operation: {err!r}.",
            extra={"document_id": document_id, "seq": seq + 1},
        ) from err
