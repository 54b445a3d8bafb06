"""Reading *document_versions* and its cache."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from apps.core.errors import NotFoundError
from apps.core.mongo import equal
from apps.crdt.codec.vectors import EMPTY_VECTOR
from apps.history import snapshot_cache
from apps.history.models import version_rows
from apps.history.retention import VersionInfo
from apps.history.snapshot import EMPTY
from apps.history.version import Version

logger = logging.getLogger(__name__)

#: Largest number of a version: the largest that MongoDB stores in 32 bits.
_NUMBER_MAX = 2**31 - 1


class VersionNotFoundError(NotFoundError):
    """There is no version of this number; ``extra`` has the latest one."""

    code = "version_not_found"


@dataclass(frozen=True, slots=True)
class FoundSnapshot:
    """An encoded snapshot, sound or not, and its source: ``redis``, ``mongodb`` or ``nothing``.

    ``number`` is that of its version, where known.
    """

    blob: bytes
    source: str
    number: int | None = None

    @property
    def description(self) -> str:
        """Return the source in words."""
        return self.source if self.number is None else f"version {self.number}"


NOTHING = FoundSnapshot(EMPTY.encode(), "nothing")


def snapshots_iter(*, document_id: str, up_to: int | None = None) -> Iterator[FoundSnapshot]:
    """Yield the snapshots of a document, the best first: Redis, MongoDB, the empty snapshot.

    With ``up_to`` only those up to that seq, and none from Redis, which has the present. Raises
    ``PyMongoError`` when the store is away.
    """
    wanted: dict[str, Any] = {"document_id": equal(document_id)}
    if up_to is None:
        cached = _cached(document_id)
        if cached is not None:
            yield FoundSnapshot(cached, "redis")
    else:
        wanted["seq"] = {"$lte": up_to}
    rows = version_rows().find(wanted, {"_id": 0, "snapshot": 1, "number": 1})
    # One row at a time: usually the first is sound, and a row may be as large as a document.
    for row in rows.sort("seq", -1).batch_size(1):
        # A row without its snapshot yields an empty blob, which is not sound.
        yield FoundSnapshot(bytes(row.get("snapshot") or b""), "mongodb", row["number"])
    yield NOTHING


def _cached(document_id: str) -> bytes | None:
    try:
        return snapshot_cache.snapshot_find(document_id=document_id)
    except RedisError as err:
        logger.warning("snapshot of %s not read from the cache: %s", document_id, err)
        return None


def latest_seq(*, document_id: str, up_to: int | None = None) -> int:
    """Return the seq of the latest version, -1 when there is none.

    With ``up_to`` only versions up to that seq count.
    """
    return latest_reach(document_id=document_id, up_to=up_to)[0]


def latest_reach(*, document_id: str, up_to: int | None = None) -> tuple[int, bytes]:
    """Return the seq of the latest version and its encoded vector; -1 when there is none."""
    shown = {"_id": 0, "seq": 1, "version_vector": 1}
    wanted: dict[str, Any] = {"document_id": equal(document_id)}
    if up_to is not None:
        wanted["seq"] = {"$lte": up_to}
    rows = version_rows().find(wanted, shown)
    row = next(iter(rows.sort("seq", -1).limit(1)), None)
    return (-1, EMPTY_VECTOR) if row is None else (int(row["seq"]), bytes(row["version_vector"]))


def version_infos(*, document_id: str) -> list[tuple[int, int]]:
    """Return ``(seq, number)`` of each version, in this order."""
    rows = version_rows().find(
        {"document_id": equal(document_id)}, {"_id": 0, "seq": 1, "number": 1}
    )
    return sorted((int(row["seq"]), int(row["number"])) for row in rows)


def version_blobs_at(*, document_id: str, seq: int) -> Iterator[bytes]:
    """Yield the encoded snapshots of the versions of a seq."""
    wanted = {"document_id": equal(document_id), "seq": equal(seq)}
    for row in version_rows().find(wanted, {"_id": 0, "snapshot": 1}):
        yield bytes(row.get("snapshot") or b"")


def version_ages(*, document_id: str) -> list[VersionInfo]:
    """Return the fields of each version on which its retention depends."""
    wanted = {"_id": 0, "number": 1, "seq": 1, "created_at": 1, "automatic": 1, "base": 1}
    rows = version_rows().find({"document_id": equal(document_id)}, wanted)
    return [
        VersionInfo(
            number=row["number"],
            seq=row["seq"],
            created_at=row["created_at"],
            stays=not row["automatic"] or bool(row.get("base")),
        )
        for row in rows
    ]


def version_find(*, document_id: str, number: int) -> Version | None:
    """Return a version as it is stored, its snapshot sound or not; None when there is none."""
    row = version_rows().find_one(_condition(document_id, number), {"_id": 0})
    return None if row is None else Version.from_row(row)


def versions_page(
    *, document_id: str, before: int | None, limit: int, named_only: bool
) -> list[Version]:
    """Return versions by falling number, below ``before``, without their content."""
    wanted: dict[str, Any] = {"document_id": equal(document_id)}
    if before is not None:
        wanted["number"] = {"$lt": before}
    if named_only:
        wanted["automatic"] = False
    rows = version_rows().find(wanted, {"_id": 0, "snapshot": 0, "version_vector": 0})
    return [Version.from_row(row) for row in rows.sort("number", -1).limit(limit)]


def version_before(*, document_id: str, number: int) -> Version | None:
    """Return the version before another one, without its content.

    In the order of seq, then number: an old state may have been named lately. Raises
    ``VersionNotFoundError``.
    """
    seq = version_get(document_id=document_id, number=number).seq
    wanted = {"document_id": equal(document_id), "seq": {"$lte": seq}}
    rows = version_rows().find(wanted, {"_id": 0, "snapshot": 0, "version_vector": 0})
    for row in rows.sort([("seq", -1), ("number", -1)]).batch_size(2):
        if (row["seq"], row["number"]) < (seq, number):
            return Version.from_row(row)
    return None


def versions_named(*, document_id: str, first_seq: int, last_seq: int) -> list[Version]:
    """Return the named versions of a range of seqs, the latest first, without their content."""
    wanted: dict[str, Any] = {
        "document_id": equal(document_id),
        "automatic": False,
        "seq": {"$gte": first_seq, "$lte": last_seq},
    }
    rows = version_rows().find(wanted, {"_id": 0, "snapshot": 0, "version_vector": 0})
    return [Version.from_row(row) for row in rows.sort([("seq", -1), ("number", -1)])]


def version_get(*, document_id: str, number: int) -> Version:
    """Return a version without its content. Raises ``VersionNotFoundError``."""
    wanted = {"_id": 0, "snapshot": 0, "version_vector": 0}
    row = version_rows().find_one(_condition(document_id, number), wanted)
    if row is None:
        raise version_missing(document_id=document_id, number=number)
    return Version.from_row(row)


def version_missing(*, document_id: str, number: int) -> VersionNotFoundError:
    """Return the error for a version that does not exist; it names the latest one."""
    newest = versions_page(document_id=document_id, before=None, limit=1, named_only=False)
    latest = newest[0].number if newest else 0
    return VersionNotFoundError(
        f"This document has no version {number}; the latest one is {latest}.",
        extra={"latest": latest},
    )


def _condition(document_id: str, number: int) -> dict[str, Any]:
    return {"document_id": equal(document_id), "number": equal(min(number, _NUMBER_MAX))}
