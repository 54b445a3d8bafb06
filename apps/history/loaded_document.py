"""A document in memory, exactly as durable as the log: a snapshot, and operations upon it."""

from dataclasses import dataclass, field
from typing import Self

from django.conf import settings

from apps.core.errors import ConflictError
from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.codec.vectors import Vector
from apps.crdt.engine.base import EngineDocument, get_engine, has_everything
from apps.crdt.engine.causal_gate import advance, missing
from apps.history.snapshot import Snapshot
from apps.oplog.operation import Operation


class ReplayError(ConflictError):
    """An operation of the log needs something that is not before it: the log was damaged."""

    code = "replay"


@dataclass(slots=True)
class LoadedDocument:
    """A document rebuilt from storage.

    ``vector`` is its version vector, ``seq`` its last operation, ``size_bytes`` about what its
    state takes, ``recent`` the seq of each operation after the snapshot by unique id.
    """

    engine: EngineDocument
    vector: Vector
    seq: int
    size_bytes: int
    recent: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, snapshot: Snapshot) -> Self:
        """Make a document from a snapshot, with the engine that the settings name.

        Raises ``UpdateRejectedError`` or ``EngineBrokenError`` when the state is not one.
        """
        engine = get_engine(settings.CRDT_ENGINE).new_document()
        if snapshot.seq:
            engine.apply(snapshot.state)
        return cls(
            engine=engine,
            vector=snapshot.vector,
            seq=snapshot.seq,
            size_bytes=len(snapshot.state),
        )

    def apply(self, operation: Operation) -> UpdateHeader:
        """Apply the next operation of the log, whole or not at all; return its header.

        Raises ``ReplayError`` when it does not fit on, ``InvalidInputError`` when it is no update,
        and ``EngineBrokenError``, after which the document has to be rebuilt.
        """
        header = read_update(operation.update)
        lacking = missing(header, self.vector)
        if operation.seq != self.seq + 1 or lacking is not None:
            raise ReplayError(
                f"Operation {operation.seq} of {operation.document_id} does not fit on "
                f"operation {self.seq}.",
                extra={"document_id": operation.document_id, "seq": operation.seq},
            )
        self.engine.apply(operation.update, brings_structs=True)  # nobody asks whether
        advance(self.vector, header)
        self.size_bytes += len(operation.update)
        self.pass_over(operation)
        return header

    def pass_over(self, operation: Operation) -> None:
        """Take note of an operation without its content: it is set aside (``oplog.quarantine``)."""
        self.seq = operation.seq
        self.recent[operation.unique_id] = operation.seq

    def has_everything(self) -> bool:
        """Tell whether the engine's state holds all that was applied (ADR 0001)."""
        return has_everything(get_engine(settings.CRDT_ENGINE), self.engine, self.vector)
