"""A document in memory as the log has it: a snapshot with the operations after it applied."""

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Self

from django.conf import settings

from apps.core.errors import AppError, ConflictError
from apps.crdt.codec.slicing import state_slices
from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.codec.vectors import Vector
from apps.crdt.content.schema_table import SCHEMA_VERSIONS
from apps.crdt.engine.base import EngineBrokenError, EngineDocument, get_engine, has_everything
from apps.crdt.engine.causal_gate import advance, missing_clocks
from apps.crdt.ids.containers import ContainerIndex
from apps.crdt.ids.surrogate_pairs import SurrogatePairs
from apps.history.client_owners import (
    ClientOwners,
    owners_add,
    owners_decode,
    owners_encode,
    ranges_of,
)
from apps.history.snapshot import Snapshot
from apps.oplog.operation import Operation


class ReplayError(ConflictError):
    """An operation depends on content that is not before it in the log: the log was damaged."""

    code = "replay"


@dataclass(slots=True)
class LoadedDocument:
    """A document rebuilt from storage.

    ``vector`` is its version vector, ``seq`` its last operation, ``size_bytes`` the approximate
    size of its state, ``recent`` the seq of each operation after the snapshot by unique id.
    ``containers`` is the index of the structure guard, ``pairs`` has the characters of two UTF-16
    units, if they have been made already. ``owners`` has
    the owner of each client id, None where the snapshot did not have them. With a document that
    ``is_suspect`` a process died lately: each edit is tried in a child process.
    ``schema_version`` is that of the newest nodes and marks of its content (ADR 0019).
    """

    engine: EngineDocument
    vector: Vector
    seq: int
    size_bytes: int
    recent: dict[str, int] = field(default_factory=dict)
    containers: ContainerIndex | None = None
    pairs: SurrogatePairs | None = None
    owners: ClientOwners | None = field(default_factory=dict)
    is_suspect: bool = False
    schema_version: int = 1

    @classmethod
    def open(
        cls,
        snapshot: Snapshot,
        engine: EngineDocument | None = None,
        *,
        slices: int = 1,
    ) -> Self:
        """Make a document from a snapshot, with the engine of the settings unless one is given.

        ``slices``: in how many calls of the engine, so that other threads get their turn.
        Raises ``UpdateRejectedError`` or ``EngineBrokenError`` when its state is no Yjs update,
        ``DecodeError`` when its owners cannot be read.
        """
        engine = engine or get_engine(settings.CRDT_ENGINE).new_document()
        vector = snapshot.vector
        owners = owners_decode(snapshot.owners, vector) if snapshot.owners else None
        if snapshot.seq:
            is_whole = slices == 1
            for part in [snapshot.state] if is_whole else state_slices(snapshot.state, slices):
                engine.apply(part)
        return cls(
            engine=engine,
            vector=vector,
            seq=snapshot.seq,
            size_bytes=len(snapshot.state),
            owners=owners if snapshot.seq else {},
            schema_version=SCHEMA_VERSIONS.needed_by(snapshot.state),
        )

    def apply(self, operation: Operation, header: UpdateHeader | None = None) -> UpdateHeader:
        """Apply the next operation of the log, whole or not at all; return its header.

        With ``header`` where it has been read already.

        Raises ``ReplayError`` when it does not follow the last one, ``InvalidInputError`` when it
        is no update, and ``EngineBrokenError``, after which the document has to be rebuilt.
        """
        header = header or read_update(operation.update)
        lacking = missing_clocks(header, self.vector)
        if operation.seq != self.seq + 1 or lacking is not None:
            raise ReplayError(
                f"Operation {operation.seq} of {operation.document_id} does not fit on "
                f"operation {self.seq}.",
                extra={"document_id": operation.document_id, "seq": operation.seq},
            )
        self.engine.apply(operation.update, brings_structs=True)  # the result is not used
        if self.owners is not None:
            owners_add(self.owners, header.ranges, operation.author_id, known=self.vector)
        advance(self.vector, header)
        self.note_schema(operation.update, header)
        self.size_bytes += len(operation.update)
        self._record(operation)
        return header

    def apply_or_skip(
        self,
        operation: Operation,
        quarantined: Container[int],
        header: UpdateHeader | None = None,
    ) -> AppError | None:
        """Apply the next operation of the log; skip it where it cannot be applied.

        An operation whose seq is in ``quarantined`` is skipped. So is one that cannot be applied:
        its error is returned, and the caller quarantines it. Raises ``EngineBrokenError``, after
        which the document has to be rebuilt with this operation in ``quarantined``.
        """
        if operation.seq in quarantined:
            self.skip(operation)
            return None
        try:
            self.apply(operation, header)
        except EngineBrokenError:
            raise
        except AppError as err:
            self.skip(operation)
            return err
        return None

    def skip(self, operation: Operation) -> None:
        """Count an operation without its content, because it is quarantined."""
        if self.owners is not None:
            ranges = ranges_of(operation.update)
            owners_add(self.owners, ranges, operation.author_id, known=self.vector)
        self._record(operation)

    def note_schema(self, update: bytes, header: UpdateHeader) -> None:
        """Note the schema version that an applied update needs; typed text needs none."""
        if header.typed is None:
            self.schema_version = max(self.schema_version, SCHEMA_VERSIONS.needed_by(update))

    def encode_owners(self) -> bytes:
        """Return the owners of the client ids for a snapshot; empty where they are not known."""
        return b"" if self.owners is None else owners_encode(self.owners, self.vector)

    def _record(self, operation: Operation) -> None:
        self.seq = operation.seq
        self.recent[operation.unique_id] = operation.seq

    def has_everything(self) -> bool:
        """Return whether the engine's state has everything that was applied (ADR 0001)."""
        return has_everything(get_engine(settings.CRDT_ENGINE), self.engine, self.vector)
