"""Where a document's log begins: at operation 1, or after the snapshot that it was compacted to.

One row for each compacted log says so, and that row alone decides (ADR 0007): what is at or before
its ``seq`` counts as packed, whether its operations are deleted already or not. It only moves
forward.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from apps.core.errors import NotFoundError
from apps.core.mongo import equal
from apps.core.mongo_datetime import datetime_read, datetime_text
from apps.oplog.compacted_operations import (
    CompactedDamagedError,
    CompactedOperation,
    operations_decode,
    operations_encode,
    unique_ids_decode,
)
from apps.oplog.models import compacted_rows, compaction_point_rows


class CompactedError(NotFoundError):
    """The log begins later than what is asked for; ``extra`` says where."""

    code = "compacted"


@dataclass(frozen=True, slots=True)
class CompactionPoint:
    """The log of a document begins after operation ``seq``, with the state of a version.

    ``number`` is that version's, ``version_vector`` the encoded vector after the operation,
    ``made_at`` when this was decided.
    """

    document_id: str
    seq: int
    number: int
    version_vector: bytes
    made_at: datetime

    @property
    def begins(self) -> int:
        """Return the first operation of the log."""
        return self.seq + 1


def compaction_point_find(*, document_id: str) -> CompactionPoint | None:
    """Return where a document's log begins, None for one that has all of it."""
    row = compaction_point_rows().find_one({"_id": document_id})
    if row is None:
        return None
    return CompactionPoint(
        document_id=document_id,
        seq=row["seq"],
        number=row["number"],
        version_vector=bytes(row["version_vector"]),
        made_at=datetime_read(row["made_at"]),
    )


def log_first_seq(*, document_id: str) -> int:
    """Return the seq of the first operation of a log."""
    base = compaction_point_find(document_id=document_id)
    return 1 if base is None else base.begins


def compacted(base: CompactionPoint) -> CompactedError:
    """Return the error for what is before a log's beginning."""
    return CompactedError(
        f"The log of this document begins at operation {base.begins}; of what was before, there "
        "are its versions.",
        extra={"begins": base.begins},
    )


def compacted_document_ids() -> Iterator[str]:
    """Yield the id of every document whose log is compacted."""
    for row in compaction_point_rows().find({}, {"_id": 1}):
        yield row["_id"]


def compaction_point_advance(base: CompactionPoint) -> bool:
    """Have a log begin later; False when it begins there, or later, already."""
    values = {
        "seq": base.seq,
        "number": base.number,
        "version_vector": base.version_vector,
        "made_at": datetime_text(base.made_at),
    }
    place = {"_id": base.document_id, "seq": {"$lt": base.seq}}
    if compaction_point_rows().update_one(place, {"$set": values}).matched_count:
        return True
    try:
        compaction_point_rows().insert_one({"_id": base.document_id, **values})
    except DuplicateKeyError:
        return False
    return True


# --- the packed operations ---


def compacted_append(*, document_id: str, operations: Sequence[CompactedOperation]) -> bool:
    """Store operations that follow each other; False when somebody else has stored them.

    Rows are only ever added, and the unique index decides who adds one: so two that compact the
    same log at once harm nothing.
    """
    row = {
        "document_id": document_id,
        "first_seq": operations[0].seq,
        "last_seq": operations[-1].seq,
        "packed": operations_encode(operations),
    }
    try:
        compacted_rows().insert_one(row)
    except DuplicateKeyError:
        return False
    return True


def compacted_end(*, document_id: str) -> int:
    """Return the last seq that is packed, 0 when none is."""
    rows = compacted_rows().find({"document_id": equal(document_id)}, {"_id": 0, "last_seq": 1})
    row = next(iter(rows.sort("first_seq", -1).limit(1)), None)
    return 0 if row is None else int(row["last_seq"])


def compacted_iter(*, document_id: str, after: int = 0, up_to: int) -> Iterator[CompactedOperation]:
    """Yield the packed operations after a seq, up to another one, in their order.

    Raises ``CompactedDamagedError`` where one is missing or cannot be read.
    """
    expected = after + 1
    for row in _rows(document_id, after=after):
        if expected > up_to:
            return
        for operation in operations_decode(bytes(row["packed"])):
            if after < operation.seq <= up_to:
                if operation.seq != expected:
                    break
                expected += 1
                yield operation
    if expected <= up_to:
        raise CompactedDamagedError(
            f"Operation {expected} of {document_id} is not packed where it should be.",
            extra={"document_id": document_id, "seq": expected},
        )


def compacted_find(*, document_id: str, unique_ids: Sequence[str]) -> dict[str, int]:
    """Return the seq of those of the named operations that are packed, by unique id.

    One query for a document that has none packed; reads all rows of another, the latest first.
    """
    wanted, found = set(unique_ids), dict[str, int]()
    rows = compacted_rows().find({"document_id": equal(document_id)}, {"_id": 0, "packed": 1})
    for row in rows.sort("first_seq", -1):
        first_seq, names = unique_ids_decode(bytes(row["packed"]))
        for name in wanted.intersection(names):
            found[name] = first_seq + names.index(name)
        if len(found) == len(wanted):
            break
    return found


def compacted_faults(*, document_id: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with what is kept of a log before its beginning, as (code, sentence)."""
    base = compaction_point_find(document_id=document_id)
    if base is None:
        return
    try:
        for _ in compacted_iter(document_id=document_id, up_to=base.seq):
            pass
    except CompactedDamagedError as err:
        yield err.code, err.message


def compaction_point_delete(*, document_id: str) -> None:
    """Delete all that is kept of a log before its beginning; only for an import taken back."""
    compaction_point_rows().delete_one({"_id": document_id})
    compacted_rows().delete_many({"document_id": equal(document_id)})


def _rows(document_id: str, *, after: int) -> Iterator[dict[str, Any]]:
    wanted = {"document_id": equal(document_id), "last_seq": {"$gt": after}}
    yield from compacted_rows().find(wanted, {"_id": 0, "packed": 1}).sort("first_seq", 1)
