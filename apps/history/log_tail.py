"""The tail of a log: the operations after a snapshot, once the snapshot has proved to fit."""

from collections.abc import Callable, Iterator

from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.vectors import covers, decode_vector
from apps.history.loaded_document import LoadedDocument
from apps.oplog.compaction_point import CompactedError, compaction_point_find
from apps.oplog.operation import Operation
from apps.oplog.quarantine import quarantined_seqs
from apps.oplog.selectors import operations_iter


class UnfitSnapshotError(Exception):
    """An undamaged snapshot cannot be used: it does not open, or is of another log."""


def log_tail(
    document_id: str,
    loaded: LoadedDocument,
    *,
    up_to: int | None,
    on_last: Callable[[Operation], None],
) -> Iterator[Operation]:
    """Return the operations after a loaded snapshot, up to operation ``up_to``.

    The last operation of the snapshot is read with them, at no further round trip, and passed to
    ``on_last``. It proves that the log reaches that seq, and that the document had the content of
    the snapshot then. (After a quarantined operation the vectors of the log may be ahead, because
    the writers may have had its content.) Raises ``UnfitSnapshotError``.
    """
    if not loaded.seq:
        return operations_iter(document_id=document_id, after=0, limit=up_to)
    before = loaded.seq - 1
    operations = operations_iter(
        document_id=document_id, after=before, limit=None if up_to is None else up_to - before
    )
    try:
        last = next(operations, None)
    except CompactedError:
        return _after_compaction_point(document_id, loaded, up_to)
    if last is None:
        raise UnfitSnapshotError(f"the log ends before its seq {loaded.seq}")
    _check_seen(document_id, loaded, last.version_vector)
    on_last(last)
    return operations


def _after_compaction_point(
    document_id: str, loaded: LoadedDocument, up_to: int | None
) -> Iterator[Operation]:
    """Return the operations after a snapshot, which has to be that of the compaction point."""
    point = compaction_point_find(document_id=document_id)
    if point is None or point.seq != loaded.seq:
        raise UnfitSnapshotError("the log begins later than right after it")
    _check_seen(document_id, loaded, point.version_vector)
    return log_between(document_id, after=loaded.seq, up_to=up_to)


def _check_seen(document_id: str, loaded: LoadedDocument, version_vector: bytes) -> None:
    """Raise unless the snapshot has the stored clocks after the last operation."""
    try:
        stored_vector = decode_vector(version_vector)
    except DecodeError as err:
        raise UnfitSnapshotError(f"operation {loaded.seq} has no readable vector") from err
    if any(loaded.vector.get(client, 0) > clock for client, clock in stored_vector.items()):
        raise UnfitSnapshotError(f"operation {loaded.seq} had not seen all of it")
    if not covers(loaded.vector, stored_vector) and not quarantined_seqs(document_id=document_id):
        raise UnfitSnapshotError(f"operation {loaded.seq} had seen more than is in it")


def log_between(document_id: str, *, after: int, up_to: int | None) -> Iterator[Operation]:
    """Return the operations after a seq, up to another one."""
    if up_to == after:  # MongoDB reads a limit of 0 as no limit
        return iter(())
    limit = None if up_to is None else up_to - after
    return operations_iter(document_id=document_id, after=after, limit=limit)
