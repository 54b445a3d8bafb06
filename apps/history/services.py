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

#: How often a version looks for a free number before it gives up.
_ATTEMPTS = 20
#: Versions that one command drops.
_DROPPED_AT_ONCE = 50
#: Length of a version's name.
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
    """Keep a snapshot as the document's next version, then cache it; return its number.

    Written whole before anything else knows of it. One that is not of the latest moment is not
    cached: whoever opens the document has no use for it. Raises ``PyMongoError`` when the store is
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
        if is_latest:
            snapshot_cache.snapshot_put(document_id=document_id, snapshot=snapshot)
        return number
    raise TransientError("Too many versions are being made at once. Try again.")


def version_create_named(
    *, document_id: str, name: str, user_id: str, seq: int | None = None
) -> Version:
    """Keep a moment of a document as a named version; returns it without its content.

    The moment after operation ``seq``, or the present. Who took part is who wrote since the
    version before, or else who names it. Raises ``NameTooLongError``, ``SeqNotFoundError``,
    ``CompactedError`` and as ``document_load`` does.
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
    """Give a version a name, which keeps it for ever; an empty one makes it automatic again.

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
    """Keep the empty document as version 1 (docs/system-flow.md, §2)."""
    return version_create(document_id=document_id, snapshot=EMPTY, author_ids=[author_id])


def version_repair(version: Version, snapshot: Snapshot) -> bool:
    """Put the right snapshot in the place of a version's own; False when it is there no more.

    Number, name, authors and moment stay.
    """
    place = {
        "document_id": equal(version.document_id),
        "number": equal(version.number),
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


def version_mark_compaction_point(*, document_id: str, number: int) -> bool:
    """Have retention leave a version alone, for a log begins with it; False when it is gone."""
    place = {"document_id": equal(document_id), "number": equal(number)}
    return bool(version_rows().update_one(place, {"$set": {"base": True}}).matched_count)


def versions_unmark_compaction_point(*, document_id: str, below: int) -> None:
    """Have retention look again at the versions that a log began with once."""
    version_rows().update_many(
        {"document_id": equal(document_id), "base": True, "seq": {"$lt": below}},
        {"$set": {"base": False}},
    )


def versions_drop(*, document_id: str, numbers: Sequence[int]) -> int:
    """Let automatic versions go, in MongoDB and in Redis; return how many went.

    One that got a name meanwhile, or that a log begins with now, stays.
    """
    dropped = 0
    for start in range(0, len(numbers), _DROPPED_AT_ONCE):
        batch = list(numbers[start : start + _DROPPED_AT_ONCE])
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
    """Delete a document's versions; only for a creation or an import that is taken back."""
    version_rows().delete_many({"document_id": equal(document_id)})
    snapshot_cache.snapshot_forget(document_id=document_id)


def _name(text: str) -> str:
    """Return a name as it is stored: on one line, without control characters."""
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
