"""A whole log at once, for a document that comes from elsewhere; nobody edits it meanwhile."""

from collections.abc import Iterable, Iterator

from apps.core.mongo import equal
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation

#: Rows and bytes of one command.
BATCH_ROWS = 200
BATCH_BYTES = 4 * 1024 * 1024


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


def _insert(batch: list[Operation]) -> int:
    operation_rows().insert_many([operation.to_row() for operation in batch], ordered=True)
    return len(batch)
