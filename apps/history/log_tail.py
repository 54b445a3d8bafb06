"""The operations of a log after a snapshot, once the log has shown that it is its snapshot."""

from collections.abc import Callable, Iterator

from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.vectors import covers, decode_vector
from apps.history.loaded_document import LoadedDocument
from apps.oplog.compaction_point import CompactedError, compaction_point_find
from apps.oplog.operation import Operation
from apps.oplog.quarantine import quarantined_seqs
from apps.oplog.selectors import operations_iter


class UnfitSnapshotError(Exception):
    """A snapshot that is whole and yet cannot serve: it does not open, or is not of this log."""


def log_tail(
    document_id: str,
    loaded: LoadedDocument,
    *,
    up_to: int | None,
    on_last: Callable[[Operation], None],
) -> Iterator[Operation]:
    """Return the operations after a snapshot, once the log has shown that it is its snapshot.

    The last operation in the snapshot is read with them: no further round trip, and it tells that
    the log reaches so far, and had then the content that the snapshot has. (Or more, where an
    operation is set aside: those who wrote on may have had it.)
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
        return _after_base(document_id, loaded, up_to)
    if last is None:
        raise UnfitSnapshotError(f"the log ends before its seq {loaded.seq}")
    _check_seen(document_id, loaded, last.version_vector)
    on_last(last)
    return operations


def _after_base(document_id: str, loaded: LoadedDocument, up_to: int | None) -> Iterator[Operation]:
    """Return the operations of a compacted log after the snapshot that it begins with."""
    base = compaction_point_find(document_id=document_id)
    if base is None or base.seq != loaded.seq:
        raise UnfitSnapshotError("the log begins after it, and not at once")
    _check_seen(document_id, loaded, base.version_vector)
    return log_between(document_id, after=loaded.seq, up_to=up_to)


def _check_seen(document_id: str, loaded: LoadedDocument, version_vector: bytes) -> None:
    """Raise unless the vector after a snapshot's last operation is that of the snapshot."""
    try:
        had_seen = decode_vector(version_vector)
    except DecodeError as err:
        raise UnfitSnapshotError(f"operation {loaded.seq} has no readable vector") from err
    if not covers(had_seen, loaded.vector):
        raise UnfitSnapshotError(f"operation {loaded.seq} had not seen all of it")
    if had_seen != loaded.vector and not quarantined_seqs(document_id=document_id):
        raise UnfitSnapshotError(f"operation {loaded.seq} had seen more than is in it")


def log_between(document_id: str, *, after: int, up_to: int | None) -> Iterator[Operation]:
    """Return the operations after a seq, up to another one."""
    if up_to == after:  # to MongoDB a limit of 0 is none
        return iter(())
    limit = None if up_to is None else up_to - after
    return operations_iter(document_id=document_id, after=after, limit=limit)
