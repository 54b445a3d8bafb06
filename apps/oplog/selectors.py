"""Reads of the log."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.core.errors import AppError, ConflictError
from apps.core.mongo import equal
from apps.oplog.compaction_point import (
    compacted,
    compacted_document_ids,
    compacted_iter,
    compaction_point_find,
)
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation

#: Rows of one round trip in a long read.
READ_BATCH_ROWS = 1_000
#: Rows that are read at once by their seqs.
FEW_ROWS = 100


class LogGapError(ConflictError):
    """The log lacks a seq, so it was damaged; the operations after it cannot be read."""

    code = "log_gap"


def operations_since(*, document_id: str, after: int, limit: int | None = None) -> list[Operation]:
    """Return the operations after seq ``after``, oldest first, at most ``limit`` of them.

    Raises ``LogGapError`` where a seq is missing in between, ``CompactedError`` where operations
    are compacted.
    """
    return list(operations_iter(document_id=document_id, after=after, limit=limit))


def operations_iter(
    *, document_id: str, after: int, limit: int | None = None
) -> Iterator[Operation]:
    """Yield the operations of ``operations_since`` without holding all of them in memory."""
    remaining = sys.maxsize if limit is None else limit
    while remaining > 0:
        count = min(remaining, READ_BATCH_ROWS)
        rows = _rows_after(document_id, after, count)
        for row in rows:
            after += 1
            if row["seq"] != after:
                raise _missing(document_id, after)
            yield Operation.from_row(row)
        if len(rows) < count:
            return
        remaining -= count


def operations_at(*, document_id: str, seqs: Sequence[int]) -> Iterator[Operation]:
    """Yield the operations with some seqs, which rise; those that the log lacks are left out."""
    for start in range(0, len(seqs), FEW_ROWS):
        wanted = {"$in": [*seqs[start : start + FEW_ROWS]]}
        rows = operation_rows().find({"document_id": equal(document_id), "seq": wanted}, {"_id": 0})
        for row in rows.sort("seq", 1):
            yield Operation.from_row(row)


def operations_page(*, document_id: str, after: int, limit: int, max_bytes: int) -> list[Operation]:
    """Return the operations after seq ``after``: at least one, and more up to ``max_bytes``.

    Updates and version vectors count. A batch that is read has no more rows than fit by the longest
    row before, so that memory is bounded too. Raises as ``operations_since`` does.
    """
    page: list[Operation] = []
    size_bytes, longest_bytes, count = 0, 1, 1
    while count > 0:
        start = after + len(page)
        batch = operations_since(document_id=document_id, after=start, limit=count)
        for operation in batch:
            row_bytes = len(operation.update) + len(operation.version_vector)
            size_bytes += row_bytes
            longest_bytes = max(longest_bytes, row_bytes)
            if page and size_bytes > max_bytes:
                return page
            page.append(operation)
        if len(batch) < count:
            return page
        fitting = (max_bytes - size_bytes) // longest_bytes + 1
        count = min(8 * count, limit - len(page), fitting)
    return page


def _rows_after(document_id: str, after: int, count: int) -> list[dict[str, Any]]:
    """Return the next rows in a query of their own: some servers build whole answers at once."""
    condition = {"document_id": equal(document_id), "seq": {"$gt": after}}
    return list(operation_rows().find(condition, {"_id": 0}).sort("seq", 1).limit(count))


def _missing(document_id: str, seq: int) -> AppError:
    """Return the error for an operation that is missing: it is compacted, or the log is damaged."""
    point = compaction_point_find(document_id=document_id)
    if point is not None and seq <= point.seq:
        return compacted(point)
    return LogGapError(
        f"The log of {document_id} lacks operation {seq}.",
        extra={"document_id": document_id, "seq": seq},
    )


@dataclass(frozen=True, slots=True)
class LogWrite:
    """The author, the time of receipt and the size of an operation, without its content.

    ``size_bytes`` is that of the update, 0 for a compacted operation, which has lost it; so it is
    no part of the equality of two writes.
    """

    seq: int
    author_id: str
    received_at: datetime
    size_bytes: int = field(default=0, compare=False)


def writes_since(*, document_id: str, after: int, limit: int) -> list[LogWrite]:
    """Return authors and times of the operations after seq ``after``, in the order of the log.

    Compacted operations are included; missing ones in a damaged log are left out. Raises
    ``CompactedDamagedError``.
    """
    writes = _live_writes(document_id, after, limit)
    if writes and writes[0].seq == after + 1:
        return writes
    point = compaction_point_find(document_id=document_id)
    if point is None or point.seq <= after:
        return writes
    operations = compacted_iter(
        document_id=document_id, after=after, up_to=min(point.seq, after + limit)
    )
    compacted_writes = [
        LogWrite(operation.seq, operation.author_id, operation.received_at)
        for operation in operations
    ]
    remaining = limit - len(compacted_writes)
    later = _live_writes(document_id, point.seq, remaining) if remaining else []
    return [*compacted_writes, *later]


def _live_writes(document_id: str, after: int, limit: int) -> list[LogWrite]:
    rows = operation_rows().find(
        {"document_id": equal(document_id), "seq": {"$gt": after}},
        {"_id": 0, "seq": 1, "author_id": 1, "received_at": 1, "update": 1},
    )
    return [
        LogWrite(row["seq"], row["author_id"], row["received_at"], len(row["update"]))
        for row in rows.sort("seq", 1).limit(limit).batch_size(READ_BATCH_ROWS)
    ]


def log_faults(*, document_id: str) -> Iterator[tuple[str, str]]:
    """Yield the faults in the numbering of a log, as (code, sentence).

    ``gap`` and ``seq_twice`` for the seqs, ``unique_id_twice`` for the unique ids. Reads no
    content. In a compacted log only the operations after the compaction point are checked.
    """
    point = compaction_point_find(document_id=document_id)
    compacted_seq = 0 if point is None else point.seq
    condition = {"document_id": equal(document_id), "seq": {"$gt": compacted_seq}}
    rows = operation_rows().find(condition, {"_id": 0, "seq": 1})
    expected = compacted_seq + 1
    for row in rows.sort("seq", 1).batch_size(READ_BATCH_ROWS):
        seq = row.get("seq", 0)
        if seq > expected:
            yield "gap", f"The log lacks {_range(expected, seq - 1)}."
        elif seq < expected:
            yield "seq_twice", f"The log has operation {seq} twice, or out of order."
        expected = seq + 1
    yield from _repeated_ids(document_id)


def _repeated_ids(document_id: str) -> Iterator[tuple[str, str]]:
    rows = operation_rows().find({"document_id": equal(document_id)}, {"_id": 0, "unique_id": 1})
    previous: object = object()
    for row in rows.sort("unique_id", 1).batch_size(READ_BATCH_ROWS):
        unique_id = row.get("unique_id")
        if unique_id == previous:
            yield "unique_id_twice", f"Two operations have the unique id {unique_id!r}."
        previous = unique_id


def _range(first: int, last: int) -> str:
    return f"operation {first}" if first == last else f"operations {first} to {last}"


def logs_begun() -> Iterator[str]:
    """Yield the ids of the documents whose log has a first operation, or a compacted one."""
    compacted_ids = set(compacted_document_ids())
    yield from compacted_ids
    for row in operation_rows().find({"seq": equal(1)}, {"_id": 0, "document_id": 1}):
        if row["document_id"] not in compacted_ids:
            yield row["document_id"]


def operations_find(*, document_id: str, unique_ids: Sequence[str]) -> dict[str, Operation]:
    """Return ``{unique id: operation}`` of the given operations that are in the log."""
    if not unique_ids:
        return {}
    # By $in even for one id: some Mongo dialects scan the collection for an $or. And with an unused
    # id: one of them parses a single value that starts like a date as a date.
    names = [*unique_ids, ""]
    rows = operation_rows().find(
        {"document_id": equal(document_id), "unique_id": {"$in": names}}, {"_id": 0}
    )
    return {row["unique_id"]: Operation.from_row(row) for row in rows}


def log_reaches(*, document_id: str, seq: int) -> bool:
    """Return whether the log has an operation with this seq."""
    row = operation_rows().find_one(
        {"document_id": equal(document_id), "seq": equal(seq)}, {"_id": 1}
    )
    return row is not None


def seq_before(*, document_id: str, moment: datetime) -> int:
    """Return the last seq that was received before a time, 0 where none was.

    A binary search by seq, because every Mongo dialect has that index, and ``received_at`` grows
    with seq. To the millisecond, the resolution of the log.
    """
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    low, high = 0, head_seq(document_id=document_id)
    while low < high:
        middle = (low + high + 1) // 2
        row = operation_rows().find_one(
            {"document_id": equal(document_id), "seq": {"$gte": middle}},
            {"_id": 0, "received_at": 1},
            sort=[("seq", 1)],
        )
        if row is not None and row["received_at"] < moment:
            low = middle
        else:
            high = middle - 1
    return low


def authors_between(*, document_id: str, after: int, up_to: int) -> set[str]:
    """Return the authors of the operations after seq ``after``, up to ``up_to``."""
    rows = operation_rows().find(
        {"document_id": equal(document_id), "seq": {"$gt": after, "$lte": up_to}},
        {"_id": 0, "author_id": 1},
    )
    return {row["author_id"] for row in rows.batch_size(READ_BATCH_ROWS)}


def head_seq(*, document_id: str) -> int:
    """Return the highest seq of the log, 0 for an empty one."""
    rows = operation_rows().find({"document_id": equal(document_id)}, {"_id": 0, "seq": 1})
    row = next(iter(rows.sort("seq", -1).limit(1)), None)
    return 0 if row is None else int(row["seq"])


def operation_received_at(*, document_id: str, seq: int) -> datetime | None:
    """Return the time of receipt of an operation, None where the log does not have it."""
    condition = {"document_id": equal(document_id), "seq": equal(seq)}
    row = operation_rows().find_one(condition, {"_id": 0, "received_at": 1})
    return None if row is None else row["received_at"]


def seqs_received(*, document_id: str, seqs: Sequence[int]) -> dict[int, datetime]:
    """Return ``{seq: time of receipt}`` of the given operations that are in the log."""
    condition = {"document_id": equal(document_id), "seq": {"$in": list(seqs)}}
    rows = operation_rows().find(condition, {"_id": 0, "seq": 1, "received_at": 1})
    return {row["seq"]: row["received_at"] for row in rows}
