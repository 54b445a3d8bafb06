"""Bulk writes to the log: imports, deletion of compacted operations, corrected version vectors."""

from collections.abc import Iterable, Iterator, Sequence

from pymongo import UpdateOne

from apps.core.mongo import bulk_update, equal
from apps.oplog.compaction_point import compaction_point_delete
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation

#: Most rows and bytes that one command inserts.
INSERT_MAX_ROWS = 200
INSERT_MAX_BYTES = 4 * 1024 * 1024
#: Most operations that one command deletes.
DELETE_MAX_ROWS = 1_000


def operations_write(operations: Iterable[Operation]) -> Iterator[int]:
    """Insert any number of operations; after each command, yield the number inserted so far.

    Raises ``PyMongoError``, also for a seq or a unique id that exists already.
    """
    batch: list[Operation] = []
    size = written = 0
    for operation in operations:
        if batch and (
            len(batch) == INSERT_MAX_ROWS or size + len(operation.update) > INSERT_MAX_BYTES
        ):
            written += _insert(batch)
            batch, size = [], 0
            yield written
        batch.append(operation)
        size += len(operation.update)
    if batch:
        yield written + _insert(batch)


def operations_delete(*, document_id: str) -> None:
    """Delete a whole log; only to cancel an import."""
    operation_rows().delete_many({"document_id": equal(document_id)})
    compaction_point_delete(document_id=document_id)


def operations_drop(*, document_id: str, up_to: int) -> Iterator[int]:
    """Delete compacted operations up to ``up_to``, the oldest first.

    After each command, yield the number deleted so far. An interrupted run can be repeated.
    """
    deleted = 0
    while (first := _first_seq(document_id)) is not None and first <= up_to:
        last = min(first + DELETE_MAX_ROWS - 1, up_to)
        condition = {"document_id": equal(document_id), "seq": {"$lte": last}}
        deleted += operation_rows().delete_many(condition).deleted_count
        yield deleted


def operations_count(*, document_id: str, up_to: int) -> int:
    """Return the number of operations that the log has up to a seq."""
    condition = {"document_id": equal(document_id), "seq": {"$lte": up_to}}
    return operation_rows().count_documents(condition)


def vectors_amend(*, document_id: str, vectors: Sequence[tuple[int, bytes]]) -> None:
    """Store the version vector after each of these operations, given as ``(seq, vector)``."""
    updates = (
        UpdateOne(
            {"document_id": equal(document_id), "seq": equal(seq)},
            {"$set": {"version_vector": vector}},
        )
        for seq, vector in vectors
    )
    bulk_update(operation_rows(), updates)


def _first_seq(document_id: str) -> int | None:
    rows = operation_rows().find({"document_id": equal(document_id)}, {"_id": 0, "seq": 1})
    row = next(iter(rows.sort("seq", 1).limit(1)), None)
    return None if row is None else int(row["seq"])


def _insert(batch: list[Operation]) -> int:
    operation_rows().insert_many([operation.to_row() for operation in batch], ordered=True)
    return len(batch)
