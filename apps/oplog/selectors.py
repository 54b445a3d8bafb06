"""Reading the log."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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

#: How many rows one round trip of a long read brings.
READ_BATCH = 1_000


class LogGapError(ConflictError):
    """The log lacks a seq: it was damaged from outside. Reading on would invent a document."""

    code = "log_gap"


def operations_since(*, document_id: str, after: int, limit: int | None = None) -> list[Operation]:
    """Return the operations after seq ``after``, oldest first, at most ``limit`` of them.

    Raises ``LogGapError`` where a seq is missing in between, ``CompactedError`` when the log
    begins later.
    """
    return list(operations_iter(document_id=document_id, after=after, limit=limit))


def operations_iter(
    *, document_id: str, after: int, limit: int | None = None
) -> Iterator[Operation]:
    """Yield what ``operations_since`` returns, without holding it all in memory."""
    left = sys.maxsize if limit is None else limit
    while left > 0:
        count = min(left, READ_BATCH)
        rows = _rows_after(document_id, after, count)
        for row in rows:
            after += 1
            if row["seq"] != after:
                raise _missing(document_id, after)
            yield Operation.from_row(row)
        if len(rows) < count:
            return
        left -= count


def _rows_after(document_id: str, after: int, count: int) -> list[dict[str, Any]]:
    """Return the next rows. A query each time: some Mongo servers make the whole answer at once."""
    wanted = {"document_id": equal(document_id), "seq": {"$gt": after}}
    return list(operation_rows().find(wanted, {"_id": 0}).sort("seq", 1).limit(count))


def _missing(document_id: str, seq: int) -> AppError:
    """Return why an operation is not in the log: it is compacted, or else the log is damaged."""
    base = compaction_point_find(document_id=document_id)
    if base is not None and seq <= base.seq:
        return compacted(base)
    return LogGapError(
        f"The log of {document_id} lacks operation {seq}.",
        extra={"document_id": document_id, "seq": seq},
    )


@dataclass(frozen=True, slots=True)
class LogWrite:
    """Who wrote an operation and when it was received, without its content."""

    seq: int
    author_id: str
    received_at: datetime


def writes_since(*, document_id: str, after: int, limit: int) -> list[LogWrite]:
    """Return who wrote the operations after seq ``after`` and when, in the log's order.

    What is there: a log with a hole is told of without what is missing. What is compacted is
    there. Raises ``CompactedDamagedError``.
    """
    writes = _live_writes(document_id, after, limit)
    if writes and writes[0].seq == after + 1:
        return writes
    base = compaction_point_find(document_id=document_id)
    if base is None or base.seq <= after:
        return writes
    packed = compacted_iter(
        document_id=document_id, after=after, up_to=min(base.seq, after + limit)
    )
    before = [LogWrite(each.seq, each.author_id, each.received_at) for each in packed]
    left = limit - len(before)
    return [*before, *(_live_writes(document_id, base.seq, left) if left else [])]


def _live_writes(document_id: str, after: int, limit: int) -> list[LogWrite]:
    rows = operation_rows().find(
        {"document_id": equal(document_id), "seq": {"$gt": after}},
        {"_id": 0, "seq": 1, "author_id": 1, "received_at": 1},
    )
    return [LogWrite(**row) for row in rows.sort("seq", 1).limit(limit).batch_size(READ_BATCH)]


def log_faults(*, document_id: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the numbers of a log, as (code, sentence).

    ``gap`` and ``seq_twice`` for the order, ``unique_id_twice`` for the names. Reads no content.
    Of a compacted log what is behind its beginning: the rest may be there still, and not count.
    """
    base = compaction_point_find(document_id=document_id)
    begun = 0 if base is None else base.seq
    wanted = {"document_id": equal(document_id), "seq": {"$gt": begun}}
    rows = operation_rows().find(wanted, {"_id": 0, "seq": 1})
    expected = begun + 1
    for row in rows.sort("seq", 1).batch_size(READ_BATCH):
        seq = row.get("seq", 0)
        if seq > expected:
            yield "gap", f"The log lacks {_range(expected, seq - 1)}."
        elif seq < expected:
            yield "seq_twice", f"The log has operation {seq} twice, or in no order."
        expected = seq + 1
    yield from _repeated_ids(document_id)


def _repeated_ids(document_id: str) -> Iterator[tuple[str, str]]:
    rows = operation_rows().find({"document_id": equal(document_id)}, {"_id": 0, "unique_id": 1})
    before: object = object()
    for row in rows.sort("unique_id", 1).batch_size(READ_BATCH):
        unique_id = row.get("unique_id")
        if unique_id == before:
            yield "unique_id_twice", f"Two operations have the unique id {unique_id!r}."
        before = unique_id


def _range(first: int, last: int) -> str:
    return f"operation {first}" if first == last else f"operations {first} to {last}"


def logs_begun() -> Iterator[str]:
    """Yield the id of every document whose log has a first operation, or had it once."""
    compacted_ids = set(compacted_document_ids())
    yield from compacted_ids
    for row in operation_rows().find({"seq": equal(1)}, {"_id": 0, "document_id": 1}):
        if row["document_id"] not in compacted_ids:
            yield row["document_id"]


def operations_find(*, document_id: str, unique_ids: Sequence[str]) -> dict[str, Operation]:
    """Return those of the named operations that are in the log, by unique id."""
    if not unique_ids:
        return {}
    # By $in even for one: some Mongo dialects scan the collection for an $or. And with a name that
    # nobody has: one of them takes a single value that begins like a date for a date.
    names = [*unique_ids, ""]
    rows = operation_rows().find(
        {"document_id": equal(document_id), "unique_id": {"$in": names}}, {"_id": 0}
    )
    return {row["unique_id"]: Operation.from_row(row) for row in rows}


def log_reaches(*, document_id: str, seq: int) -> bool:
    """Tell whether the log has an operation with this seq."""
    row = operation_rows().find_one(
        {"document_id": equal(document_id), "seq": equal(seq)}, {"_id": 1}
    )
    return row is not None


def seq_before(*, document_id: str, moment: datetime) -> int:
    """Return the last seq that was received before a moment, 0 where none was.

    By halves, over an index that every dialect has; received_at grows with seq. To the
    millisecond, which is what the log has.
    """
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    least, most = 0, head_seq(document_id=document_id)
    while least < most:
        middle = (least + most + 1) // 2
        row = operation_rows().find_one(
            {"document_id": equal(document_id), "seq": {"$gte": middle}},
            {"_id": 0, "received_at": 1},
            sort=[("seq", 1)],
        )
        if row is not None and row["received_at"] < moment:
            least = middle
        else:
            most = middle - 1
    return least


def authors_between(*, document_id: str, after: int, up_to: int) -> set[str]:
    """Return who wrote the operations after seq ``after``, up to ``up_to``."""
    rows = operation_rows().find(
        {"document_id": equal(document_id), "seq": {"$gt": after, "$lte": up_to}},
        {"_id": 0, "author_id": 1},
    )
    return {row["author_id"] for row in rows.batch_size(READ_BATCH)}


def head_seq(*, document_id: str) -> int:
    """Return the highest seq of the log, 0 for an empty one."""
    rows = operation_rows().find({"document_id": equal(document_id)}, {"_id": 0, "seq": 1})
    row = next(iter(rows.sort("seq", -1).limit(1)), None)
    return 0 if row is None else int(row["seq"])


def seqs_received(*, document_id: str, seqs: Sequence[int]) -> dict[int, datetime]:
    """Return when those of the operations that are in the log were received, by seq."""
    wanted = {"document_id": equal(document_id), "seq": {"$in": list(seqs)}}
    rows = operation_rows().find(wanted, {"_id": 0, "seq": 1, "received_at": 1})
    return {row["seq"]: row["received_at"] for row in rows}
