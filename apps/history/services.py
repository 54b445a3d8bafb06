"""Writing *document_versions*."""

from collections.abc import Iterable, Sequence

from pymongo.errors import DuplicateKeyError

from apps.core import clock
from apps.core.errors import InvalidInputError, TransientError
from apps.core.mongo import equal
from apps.history import snapshot_cache
from apps.history.events import NamedVersion, version_named
from apps.history.models import version_rows
from apps.history.selectors import latest_seq, version_get
from apps.history.snapshot import EMPTY, Snapshot
from apps.history.states import present_state, state_at
from apps.history.version import Version
from apps.history.version_cache import versions_forget
from apps.oplog.selectors import authors_between

#: Attempts to get a free number for a version.
_NUMBER_ATTEMPTS = 20
#: Versions that one command deletes.
_DELETE_MAX_VERSIONS = 50
#: Longest name of a version.
NAME_MAX_CHARS = 200


class NameTooLongError(InvalidInputError):
    """A version's name is longer than ``NAME_MAX_CHARS``."""

    code = "name_too_long"


def version_create(
    *,
    document_id: str,
    snapshot: Snapshot,
    author_ids: Iterable[str] = (),
    name: str = "",
    automatic: bool = True,
    is_latest: bool = True,
) -> int:
    """Store a snapshot as the document's next version, then cache it; return its number.

    The row is inserted whole. A snapshot that is not the latest is not cached, because opening the
    document does not need it. Raises ``PyMongoError`` when the store is away, ``TransientError``
    when other writers take each number first.
    """
    row = {
        "document_id": document_id,
        "seq": snapshot.seq,
        "name": name,
        "automatic": automatic,
        "created_at": clock.now(),
        "author_ids": sorted(set(author_ids)),
        "version_vector": snapshot.version_vector,
        "snapshot": snapshot.encode(),
        "size": len(snapshot.state),
    }
    for _ in range(_NUMBER_ATTEMPTS):
        number = _last_number(document_id) + 1
        try:
            version_rows().insert_one({**row, "number": number})
        except DuplicateKeyError:
            continue
        if is_latest:
            snapshot_cache.snapshot_put(document_id=document_id, snapshot=snapshot)
        return number
    raise TransientError("Too many versions are being made at once. Try again.")


def version_create_named(
    *, document_id: str, name: str, user_id: str, seq: int | None = None
) -> Version:
    """Store a state of a document as a named version; return it without its content.

    The state after operation ``seq``, or the present one. Its authors are those who wrote since
    the version before it, or if none did, the user. Raises ``NameTooLongError``,
    ``SeqNotFoundError``, ``CompactedError`` and as ``document_load`` does.
    """
    name = _name(name)
    if seq is None:
        snapshot = present_state(document_id=document_id)
    else:
        snapshot = state_at(document_id=document_id, seq=seq)
    before = max(0, latest_seq(document_id=document_id, up_to=snapshot.seq - 1))
    authors = authors_between(document_id=document_id, after=before, up_to=snapshot.seq)
    number = version_create(
        document_id=document_id,
        snapshot=snapshot,
        author_ids=authors or {user_id},
        name=name,
        automatic=False,
        is_latest=seq is None,
    )
    version_named.publish(NamedVersion(document_id, number, snapshot.seq, name, user_id))
    return version_get(document_id=document_id, number=number)


def version_rename(*, document_id: str, number: int, name: str, user_id: str) -> Version:
    """Name a version, which retention keeps then; an empty name makes it automatic again.

    Raises ``VersionNotFoundError``, ``NameTooLongError``.
    """
    name = _name(name)
    version = version_get(document_id=document_id, number=number)
    version_rows().update_one(
        {"document_id": equal(document_id), "number": equal(number)},
        {"$set": {"name": name, "automatic": not name}},
    )
    if name:
        version_named.publish(NamedVersion(document_id, number, version.seq, name, user_id))
    return version_get(document_id=document_id, number=number)


def version_create_initial(*, document_id: str, author_id: str) -> int:
    """Store the empty document as version 1 (docs/system-flow.md, §2)."""
    return version_create(document_id=document_id, snapshot=EMPTY, author_ids=[author_id])


def version_repair(version: Version, snapshot: Snapshot) -> bool:
    """Replace the snapshot of a version; return False when the version no longer exists.

    Its number, name, authors and time stay.
    """
    condition = {
        "document_id": equal(version.document_id),
        "number": equal(version.number),
        "seq": snapshot.seq,
    }
    values = {
        "version_vector": snapshot.version_vector,
        "snapshot": snapshot.encode(),
        "size": len(snapshot.state),
    }
    return bool(version_rows().update_one(condition, {"$set": values}).matched_count)


def version_put(version: Version) -> None:
    """Store a version of an import under its own number."""
    version_rows().insert_one(version.to_row())


def version_mark_compaction_point(*, document_id: str, number: int) -> bool:
    """Mark the version of a compaction point, so retention keeps it; False when it is gone."""
    condition = {"document_id": equal(document_id), "number": equal(number)}
    return bool(version_rows().update_one(condition, {"$set": {"base": True}}).matched_count)


def versions_unmark_compaction_point(*, document_id: str, below: int) -> None:
    """Unmark the versions of earlier compaction points, so retention may delete them."""
    version_rows().update_many(
        {"document_id": equal(document_id), "base": True, "seq": {"$lt": below}},
        {"$set": {"base": False}},
    )


def versions_drop(*, document_id: str, numbers: Sequence[int]) -> int:
    """Delete automatic versions in MongoDB and in Redis; return how many were deleted.

    A version that was named meanwhile, or is that of a compaction point now, stays.
    """
    dropped = 0
    for start in range(0, len(numbers), _DELETE_MAX_VERSIONS):
        batch = list(numbers[start : start + _DELETE_MAX_VERSIONS])
        result = version_rows().delete_many(
            {
                "document_id": equal(document_id),
                "number": {"$in": batch},
                "automatic": True,
                "base": {"$ne": True},
            }
        )
        dropped += result.deleted_count
        versions_forget(document_id=document_id, numbers=batch)
    return dropped


def versions_delete(*, document_id: str) -> None:
    """Delete a document's versions; only to cancel a creation or an import."""
    version_rows().delete_many({"document_id": equal(document_id)})
    snapshot_cache.snapshot_forget(document_id=document_id)


def _name(text: str) -> str:
    """Return a name in its stored form: on one line, without control characters."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    name = " ".join(visible.split())
    if len(name) > NAME_MAX_CHARS:
        raise NameTooLongError(
            f"A name has at most {NAME_MAX_CHARS} characters.",
            extra={"limit": "NAME_MAX_CHARS", "value": NAME_MAX_CHARS},
        )
    return name


def _last_number(document_id: str) -> int:
    rows = version_rows().find({"document_id": equal(document_id)}, {"_id": 0, "number": 1})
    row = next(iter(rows.sort("number", -1).limit(1)), None)
    return 0 if row is None else int(row["number"])
