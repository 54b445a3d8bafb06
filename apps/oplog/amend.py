"""Version vectors of logged operations, put right: they follow from the updates, which stay."""

from collections.abc import Sequence

from pymongo import UpdateOne

from apps.core.mongo import equal
from apps.oplog.models import operation_rows

#: Updates in one command; above fifty some Mongo dialects hang.
UPDATES_PER_COMMAND = 50


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
