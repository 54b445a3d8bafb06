"""Writing *document_versions*."""

from collections.abc import Iterable

from pymongo.errors import DuplicateKeyError

from apps.core import clock
from apps.core.errors import TransientError
from apps.history import cache
from apps.history.models import version_rows
from apps.history.snapshot import EMPTY, Snapshot
from apps.history.version import Version

#: How often a version looks for a free number before it gives up.
_ATTEMPTS = 20


def version_create(
    *,
    document_id: str,
    snapshot: Snapshot,
    author_ids: Iterable[str] = (),
    name: str = "",
    automatic: bool = True,
) -> int:
    """Keep a snapshot as the document's next version, then cache it; return its number.

    Written whole before anything else knows of it. Raises ``PyMongoError`` when the store is
    away, ``TransientError`` when others take every number first.
    """
    row = {
        "document_id": document_id,
        "seq": snapshot.seq,
        "name": name,
        "automatic": automatic,
        "created_at": clock.now(),
        "author_ids": sorted(set(author_ids)),
        "version_vector": snapshot.version_vector,
        "snapshot": snapshot.pack(),
        "size": len(snapshot.state),
    }
    for _ in range(_ATTEMPTS):
        number = _last_number(document_id) + 1
        try:
            version_rows().insert_one({**row, "number": number})
        except DuplicateKeyError:
            continue
        cache.snapshot_put(document_id=document_id, snapshot=snapshot)
        return number
    raise TransientError("Too many versions are being made at once. Try again.")


def version_create_initial(*, document_id: str, author_id: str) -> int:
    """Keep the empty document as version 1 (§2)."""
    return version_create(document_id=document_id, snapshot=EMPTY, author_ids=[author_id])


def version_repair(version: Version, snapshot: Snapshot) -> bool:
    """Put the right snapshot in the place of a version's own; False when it is there no more.

    Number, name, authors and moment stay.
    """
    place = {
        "document_id": version.document_id,
        "number": version.number,
        "seq": snapshot.seq,
    }
    right = {
        "version_vector": snapshot.version_vector,
        "snapshot": snapshot.pack(),
        "size": len(snapshot.state),
    }
    return bool(version_rows().update_one(place, {"$set": right}).matched_count)


def version_put(version: Version) -> None:
    """Store a version that was made elsewhere, under its own number."""
    version_rows().insert_one(version.to_row())


def versions_delete(*, document_id: str) -> None:
    """Delete a document's versions; only for a creation or an import that is taken back."""
    version_rows().delete_many({"document_id": document_id})
    cache.snapshot_forget(document_id=document_id)


def _last_number(document_id: str) -> int:
    rows = version_rows().find({"document_id": document_id}, {"_id": 0, "number": 1})
    row = next(iter(rows.sort("number", -1).limit(1)), None)
    return 0 if row is None else int(row["number"])
