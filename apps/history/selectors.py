"""Reading *document_versions* and its cache."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from apps.history import cache
from apps.history.events import DamagedVersion, version_damaged
from apps.history.models import version_rows
from apps.history.snapshot import EMPTY, Snapshot, SnapshotDamagedError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoundSnapshot:
    """A snapshot and where it was: ``redis``, ``mongodb``, or ``nothing`` for the empty one.

    ``number`` is that of its version, where it is known.
    """

    snapshot: Snapshot
    source: str
    number: int | None = None


NOTHING = FoundSnapshot(EMPTY, "nothing")


def snapshots_iter(*, document_id: str) -> Iterator[FoundSnapshot]:
    """Yield what a document may be rebuilt from, the best first: Redis, then MongoDB, then nothing.

    Damaged ones are passed over with a word. Raises ``PyMongoError`` when the store is away.
    """
    cached = cache.snapshot_find(document_id=document_id)
    if cached is not None:
        yield FoundSnapshot(cached, "redis")
    rows = version_rows().find({"document_id": document_id}, {"_id": 0, "snapshot": 1, "number": 1})
    # One at a time: as a rule the first is sound, and each may be as large as a document.
    for row in rows.sort("seq", -1).batch_size(1):
        try:
            snapshot = Snapshot.unpack(bytes(row["snapshot"]))
        except SnapshotDamagedError as err:
            logger.error("version %s of %s passed over: %s", row["number"], document_id, err)
            version_damaged.publish(DamagedVersion(document_id, row["number"]))
            continue
        yield FoundSnapshot(snapshot, "mongodb", row["number"])
    yield NOTHING


def latest_seq(*, document_id: str) -> int:
    """Return the operation after which the latest version was made, -1 when there is none."""
    rows = version_rows().find({"document_id": document_id}, {"_id": 0, "seq": 1})
    row = next(iter(rows.sort("seq", -1).limit(1)), None)
    return -1 if row is None else int(row["seq"])
