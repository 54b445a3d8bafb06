"""Reading a document: the best snapshot, and the log after it (§3, §9)."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings

from apps.core.errors import ConflictError
from apps.crdt.engine import EngineDocument, get_engine
from apps.crdt.gate import advance, missing
from apps.crdt.updates import read_update
from apps.crdt.vectors import Vector, encode_vector
from apps.history import cache
from apps.history.models import version_rows
from apps.history.snapshot import EMPTY, Snapshot, SnapshotDamagedError
from apps.oplog.operation import Operation
from apps.oplog.selectors import operations_iter

logger = logging.getLogger(__name__)


class ReplayError(ConflictError):
    """An operation of the log needs something that is not before it: the log was damaged."""

    code = "replay"


@dataclass(slots=True)
class LoadedDocument:
    """A document rebuilt from storage, exactly as durable as the log.

    ``vector`` is its version vector, ``seq`` its last operation, ``tail`` how many operations
    came after the snapshot, ``recent`` the seq of each of those by unique id.
    """

    engine: EngineDocument
    vector: Vector
    seq: int
    size_bytes: int
    recent: dict[str, int] = field(default_factory=dict)

    def apply(self, operation: Operation) -> None:
        """Apply the next operation of the log. Raises ``ReplayError`` when it does not fit on."""
        header = read_update(operation.update)
        lacking = missing(header, self.vector)
        if operation.seq != self.seq + 1 or lacking is not None:
            raise ReplayError(
                f"Operation {operation.seq} of {operation.document_id} does not fit on "
                f"operation {self.seq}.",
                extra={"document_id": operation.document_id, "seq": operation.seq},
            )
        self.engine.apply(operation.update)
        advance(self.vector, header)
        self.seq = operation.seq
        self.size_bytes += len(operation.update)

    def snapshot(self) -> Snapshot:
        """Return the present state as a snapshot."""
        return Snapshot(
            seq=self.seq,
            version_vector=encode_vector(self.vector),
            state=self.engine.encode(),
        )


def document_load(*, document_id: str) -> LoadedDocument:
    """Rebuild a document: Redis, else the latest sound version, then the log to its end.

    Reads the log to the end whatever *documents* says. Raises ``PyMongoError`` when the store is
    away, ``LogGapError`` or ``ReplayError`` when the log is damaged; never starts from empty
    instead.
    """
    snapshot = snapshot_latest(document_id=document_id)
    loaded = snapshot_open(snapshot)
    for operation in operations_iter(document_id=document_id, after=snapshot.seq):
        loaded.apply(operation)
        loaded.recent[operation.unique_id] = operation.seq
    return loaded


def snapshot_open(snapshot: Snapshot) -> LoadedDocument:
    """Make an in-memory document from a snapshot, with the engine that the settings name."""
    engine = get_engine(settings.CRDT_ENGINE).new_document()
    if snapshot.seq:
        engine.apply(snapshot.state)
    return LoadedDocument(
        engine=engine,
        vector=snapshot.vector,
        seq=snapshot.seq,
        size_bytes=len(snapshot.state),
    )


def snapshot_latest(*, document_id: str) -> Snapshot:
    """Return the cached snapshot, else the latest sound version, else an empty one."""
    cached = cache.snapshot_find(document_id=document_id)
    if cached is not None:
        return cached
    for snapshot in _stored_snapshots(document_id):
        cache.snapshot_put(document_id=document_id, snapshot=snapshot)
        return snapshot
    return EMPTY


def _stored_snapshots(document_id: str) -> Iterator[Snapshot]:
    """Yield the sound versions of a document, the latest moment first."""
    rows = version_rows().find({"document_id": document_id}, {"_id": 0, "snapshot": 1, "number": 1})
    for row in rows.sort("seq", -1):
        try:
            yield Snapshot.unpack(bytes(row["snapshot"]))
        except SnapshotDamagedError as err:
            logger.error("version %s of %s passed over: %s", row["number"], document_id, err)


def latest_seq(*, document_id: str) -> int:
    """Return the operation after which the latest version was made, -1 when there is none."""
    rows = version_rows().find({"document_id": document_id}, {"_id": 0, "seq": 1})
    row = next(iter(rows.sort("seq", -1).limit(1)), None)
    return -1 if row is None else int(row["seq"])
