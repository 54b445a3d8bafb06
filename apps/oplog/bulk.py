"""Bulk writes to the log: an import, the removal of a compacted part, corrected version vectors."""

from collections.abc import Iterable, Iterator, Sequence

from pymongo import UpdateOne

from apps.core.mongo import equal
from apps.oplog.compaction_point import compaction_point_delete
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation

#: Rows and bytes of one command.
BATCH_ROWS = 200
BATCH_BYTES = 4 * 1024 * 1024
#: Operations that one command deletes.
DROPPED_AT_ONCE = 1_000
#: Updates in one command; above fifty some Mongo dialects hang.
UPDATES_PER_COMMAND = 50


def operations_write(operations: Iterable[Operation]) -> Iterator[int]:
    """Write operations of any number; yield after each command how many are written.

    Raises ``PyMongoError``, for a seq or a unique id that is taken as well.
    """
    batch: list[Operation] = []
    size = written = 0
    for operation in operations:
        if batch and (len(batch) == BATCH_ROWS or size + len(operation.update) > BATCH_BYTES):
            written += _insert(batch)
            batch, size = [], 0
            yield written
        batch.append(operation)
        size += len(operation.update)
    if batch:
        yield written + _insert(batch)


def operations_delete(*, document_id: str) -> None:
    """Delete a whole log; only for an import that is taken back."""
    operation_rows().delete_many({"document_id": equal(document_id)})
    compaction_point_delete(document_id=document_id)


def operations_drop(*, document_id: str, up_to: int) -> Iterator[int]:
    """Delete what a compacted log has up to ``up_to``, the oldest first.

    Yield after each command how many are deleted. A run that was cut short is gone on with.
    """
    dropped = 0
    while (first := _first_seq(document_id)) is not None and first <= up_to:
        last = min(first + DROPPED_AT_ONCE - 1, up_to)
        wanted = {"document_id": equal(document_id), "seq": {"$lte": last}}
        dropped += operation_rows().delete_many(wanted).deleted_count
        yield dropped


def operations_count(*, document_id: str, up_to: int) -> int:
    """Return how many operations the log has up to a seq."""
    wanted = {"document_id": equal(document_id), "seq": {"$lte": up_to}}
    return operation_rows().count_documents(wanted)


def vectors_amend(*, document_id: str, vectors: Sequence[tuple[int, bytes]]) -> None:
    """Store the version vector after each of these operations, given as ``(seq, vector)``."""
    updates = [
        UpdateOne(
            {"document_id": equal(document_id), "seq": equal(seq)},
            {"$set": {"version_vector": vector}},
        )
        for seq, vector in vectors
    ]
    for start in range(0, len(updates), UPDATES_PER_COMMAND):
        operation_rows().bulk_write(updates[start : start + UPDATES_PER_COMMAND], ordered=False)


def _first_seq(document_id: str) -> int | None:
    rows = operation_rows().find({"document_id": equal(document_id)}, {"_id": 0, "seq": 1})
    row = next(iter(rows.sort("seq", 1).limit(1)), None)
    return None if row is None else int(row["seq"])


def _insert(batch: list[Operation]) -> int:
    operation_rows().insert_many([operation.to_row() for operation in batch], ordered=True)
    return len(batch)
