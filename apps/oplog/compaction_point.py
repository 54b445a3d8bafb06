"""The compaction point of a log: the operation up to which a snapshot replaces it (ADR 0007).

One row per compacted log has it, and nothing else decides: everything up to its ``seq`` counts as
compacted, even while the operations still exist. The compaction point only moves forward.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from apps.core.errors import NotFoundError
from apps.core.mongo import equal
from apps.core.mongo_datetime import datetime_read, datetime_text
from apps.crdt.codec.copy_map import CopiedRange
from apps.oplog.compacted_operations import (
    MAX_COPIES_BYTES,
    CompactedDamagedError,
    CompactedOperation,
    copies_pack,
    copies_unpack,
    operations_decode,
    operations_encode,
    unique_ids_decode,
)
from apps.oplog.models import compacted_rows, compaction_point_rows

#: How often a list of copies is written again where others write it at the same time.
_ADD_ATTEMPTS: Final = 10


class CompactedError(NotFoundError):
    """The requested operation is compacted; ``extra`` has the first operation of the log."""

    code = "compacted"


@dataclass(frozen=True, slots=True)
class CompactionPoint:
    """The log of a document starts after operation ``seq``, from the state of a version.

    ``number`` is that of the version, ``version_vector`` the encoded vector after the operation,
    ``made_at`` the time of the compaction. ``copies`` has the copies of the whole log that were
    checked by then, also of operations after the point: what they are copies of may be gone.
    """

    document_id: str
    seq: int
    number: int
    version_vector: bytes
    made_at: datetime
    copies: bytes = b""
    #: How often copies were added to the list since; None for never.
    additions: int | None = None

    @property
    def first_seq(self) -> int:
        """Return the first operation of the log."""
        return self.seq + 1


def compaction_point_find(*, document_id: str) -> CompactionPoint | None:
    """Return the compaction point of a document, None for a log that is not compacted."""
    row = compaction_point_rows().find_one({"_id": document_id})
    if row is None:
        return None
    return CompactionPoint(
        document_id=document_id,
        seq=row["seq"],
        number=row["number"],
        version_vector=bytes(row["version_vector"]),
        made_at=datetime_read(row["made_at"]),
        copies=bytes(row.get("copies", b"")),
        additions=row.get("additions"),
    )


def log_first_seq(*, document_id: str) -> int:
    """Return the seq of the first operation of a log that is not compacted."""
    point = compaction_point_find(document_id=document_id)
    return 1 if point is None else point.first_seq


def compacted(point: CompactionPoint) -> CompactedError:
    """Return the error for an operation up to a compaction point."""
    return CompactedError(
        f"The log of this document begins at operation {point.first_seq}; before that, only its "
        "versions exist.",
        extra={"begins": point.first_seq},
    )


def compacted_document_ids() -> Iterator[str]:
    """Yield the id of every document whose log is compacted."""
    for row in compaction_point_rows().find({}, {"_id": 1}):
        yield row["_id"]


def compaction_point_advance(
    point: CompactionPoint, *, previous: CompactionPoint | None = None
) -> bool:
    """Move a compaction point forward from the one that was read; None for a log without one.

    Return False when it is there, or later, already, and when it was moved or got copies since:
    the new list would lack them.
    """
    values = {
        "seq": point.seq,
        "number": point.number,
        "version_vector": point.version_vector,
        "made_at": datetime_text(point.made_at),
        "copies": point.copies,
    }
    if previous is not None:
        if previous.seq >= point.seq:
            return False
        condition = _unchanged(previous)
        return bool(compaction_point_rows().update_one(condition, {"$set": values}).matched_count)
    try:
        compaction_point_rows().insert_one({"_id": point.document_id, **values})
    except DuplicateKeyError:
        return False
    return True


def compaction_point_add_copies(*, document_id: str, copies: Sequence[CopiedRange]) -> None:
    """Add copies that are known to be true to the checked ones of a compacted log.

    The log cannot check them where their content was compacted. Nothing is added to a log that is
    not compacted, or whose list would be too large: those copies count as far as they can be
    checked.
    """
    for _ in range(_ADD_ATTEMPTS):
        point = compaction_point_find(document_id=document_id)
        if point is None:
            return
        known = copies_unpack(point.copies)
        new = sorted(set(copies).difference(known))
        packed = copies_pack([*known, *new]) if new else b""
        if not new or len(packed) > MAX_COPIES_BYTES:
            return
        update = {"$set": {"copies": packed, "additions": (point.additions or 0) + 1}}
        if compaction_point_rows().update_one(_unchanged(point), update).matched_count:
            return


def _unchanged(point: CompactionPoint) -> dict[str, Any]:
    """Return the condition that nobody has moved a point, or added copies, since it was read."""
    return {"_id": point.document_id, "seq": point.seq, "additions": point.additions}


# --- compacted operations ---


def compacted_append(*, document_id: str, operations: Sequence[CompactedOperation]) -> bool:
    """Store a row of consecutive operations; return False when another process has stored it.

    Rows are only added, and the unique index arbitrates: two processes may compact the same log at
    once.
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
    """Return the last seq with a compacted operation, 0 when there is none."""
    rows = compacted_rows().find({"document_id": equal(document_id)}, {"_id": 0, "last_seq": 1})
    row = next(iter(rows.sort("first_seq", -1).limit(1)), None)
    return 0 if row is None else int(row["last_seq"])


def compacted_iter(*, document_id: str, after: int = 0, up_to: int) -> Iterator[CompactedOperation]:
    """Yield the compacted operations after a seq, up to another one, in order.

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
            f"The compacted operation {expected} of {document_id} is missing.",
            extra={"document_id": document_id, "seq": expected},
        )


def compacted_find(*, document_id: str, unique_ids: Sequence[str]) -> dict[str, int]:
    """Return ``{unique id: seq}`` of the given operations that are compacted.

    Costs one query for a log that is not compacted; otherwise reads the rows, the latest first.
    """
    missing, found = set(unique_ids), dict[str, int]()
    rows = compacted_rows().find({"document_id": equal(document_id)}, {"_id": 0, "packed": 1})
    for row in rows.sort("first_seq", -1):
        first_seq, names = unique_ids_decode(bytes(row["packed"]))
        for name in missing.intersection(names):
            found[name] = first_seq + names.index(name)
        if len(found) == len(missing):
            break
    return found


def compacted_faults(*, document_id: str) -> Iterator[tuple[str, str]]:
    """Yield the faults of the compacted operations of a log, as (code, sentence)."""
    point = compaction_point_find(document_id=document_id)
    if point is None:
        return
    try:
        for _ in compacted_iter(document_id=document_id, up_to=point.seq):
            pass
    except CompactedDamagedError as err:
        yield err.code, err.message


def compaction_point_delete(*, document_id: str) -> None:
    """Delete a compaction point and the compacted operations; only to cancel an import."""
    compaction_point_rows().delete_one({"_id": document_id})
    compacted_rows().delete_many({"document_id": equal(document_id)})


def _rows(document_id: str, *, after: int) -> Iterator[dict[str, Any]]:
    condition = {"document_id": equal(document_id), "last_seq": {"$gt": after}}
    yield from compacted_rows().find(condition, {"_id": 0, "packed": 1}).sort("first_seq", 1)
