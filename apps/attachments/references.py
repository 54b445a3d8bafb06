"""Which operations and versions refer to a document's files, and the end of files that none needs.

The columns ``seq``, ``version`` and ``unused_at`` of *attachments* only choose what is looked at.
A file is freed by what the log and the versions have at that moment (``maintenance.freeing``), so
that a table that is late, or was lost, frees nothing that is needed (ADR 0020).
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo import UpdateOne

from apps.accounts.models import User
from apps.accounts.usage import stored_bytes_add
from apps.attachments.models import attachment_key, attachment_rows, file_rows
from apps.attachments.selectors import StoredAttachment, attachments_of_rows
from apps.attachments.services import AttachmentsFullError, attachment_copy
from apps.core import clock, failpoints
from apps.core.errors import AppError, ForbiddenError
from apps.core.mongo import bulk_update, equal
from apps.core.mongo_datetime import datetime_read, datetime_text

logger = logging.getLogger(__name__)

#: Documents with a file that are tried as the source of a copy (a file that thousands have).
SOURCES_MAX: Final = 20
#: Rows that are looked up in one query.
CHUNK_ROWS: Final = 200
#: Files that one call attaches, or tries to, by rights. Threat: operations that name thousands of
#: files, which would keep the consumer from its other messages. A page attaches what is pasted
#: itself, and retention finds what is not counted here.
COPIES_MAX: Final = 100
#: The condition on ``unused_at`` of an unused file, which an index serves.
UNUSED: Final = {"$gt": ""}


@dataclass(frozen=True, slots=True)
class Reference:
    """An operation of a document with what looks like the id of a file."""

    document_id: str
    file_id: str
    seq: int
    author_id: str

    @property
    def key(self) -> str:
        """Return the key of the document's file."""
        return attachment_key(self.document_id, self.file_id)


@dataclass(frozen=True, slots=True)
class AttachmentUse:
    """A file of a document, and what is known of its use (``models.Attachment``)."""

    attachment: StoredAttachment
    seq: int
    version: int | None
    unused_at: datetime | None


def references_record(references: Iterable[Reference]) -> None:
    """Store that operations refer to files of their documents.

    A file that the document lacks is attached, if the author of the operation may read another
    document that has it: it was copied from there. Idempotent, in any order.
    """
    latest: dict[tuple[str, str], Reference] = {}  # of each author, whose rights may differ
    for reference in references:
        key = reference.key, reference.author_id
        if reference.seq >= latest.get(key, reference).seq:
            latest[key] = reference
    pending, copier = list(latest.values()), _Copier()
    for start in range(0, len(pending), CHUNK_ROWS):
        chunk = pending[start : start + CHUNK_ROWS]
        known = _keys_known([reference.key for reference in chunk])
        stored = _files_known({one.file_id for one in chunk if one.key not in known})
        copied = [one for one in chunk if one.file_id in stored and copier.copy(one)]
        _store([*(one for one in chunk if one.key in known), *copied])


def _keys_known(keys: list[str]) -> set[str]:
    rows = attachment_rows().find({"_id": {"$in": keys}}, {"_id": 1})
    return {row["_id"] for row in rows}


def _files_known(file_ids: set[str]) -> set[str]:
    if not file_ids:
        return set()
    return {row["_id"] for row in file_rows().find({"_id": {"$in": [*file_ids]}}, {"_id": 1})}


class _Copier:
    """Attaches files from documents that the author of an operation may read."""

    def __init__(self) -> None:
        self._left = COPIES_MAX
        #: Documents and authors that get no more: a right is missing, or the document is full.
        self._refused: set[tuple[str, str]] = set()

    def copy(self, reference: Reference) -> bool:
        """Attach a file; return whether it is attached."""
        author, place = reference.author_id, (reference.document_id, reference.author_id)
        if self._left == 0 or place in self._refused or not author.isdecimal():
            return False
        self._left -= 1
        user = User.objects.filter(pk=author, is_active=True).first()
        if user is None:
            return False
        sources = attachment_rows().find({"file_id": equal(reference.file_id)}, {"document_id": 1})
        for row in sources.limit(SOURCES_MAX):
            try:
                attachment_copy(
                    user=user,
                    document_id=reference.document_id,
                    source_id=row["document_id"],
                    file_id=reference.file_id,
                )
            except (ForbiddenError, AttachmentsFullError) as err:
                logger.info("%s of operation %s: %s", reference.key, reference.seq, err.message)
                self._refused.add(place)
                return False
            except AppError as err:
                logger.info("%s of operation %s: %s", reference.key, reference.seq, err.message)
            else:
                return True
        return False


def _store(references: Iterable[Reference]) -> None:
    bulk_update(
        attachment_rows(),
        (
            UpdateOne({"_id": one.key}, {"$max": {"seq": one.seq}, "$unset": {"unused_at": ""}})
            for one in references
        ),
    )


# --- freeing ---


def attachment_uses(*, document_id: str) -> list[AttachmentUse]:
    """Return the files of a document with what is known of their use."""
    return _uses(list(attachment_rows().find({"document_id": equal(document_id)})))


def uses_page(
    *, document_id: str | None, unused_only: bool, skip: int, limit: int
) -> list[AttachmentUse]:
    """Return files of one document or of all, the latest first, for the administration."""
    condition: dict[str, Any] = {} if document_id is None else {"document_id": equal(document_id)}
    if unused_only:
        condition["unused_at"] = UNUSED
    rows = attachment_rows().find(condition).sort("order", -1).skip(skip).limit(limit)
    return _uses(list(rows))


def _uses(rows: list[dict[str, Any]]) -> list[AttachmentUse]:
    by_key = {row["_id"]: row for row in rows}
    return [
        _use(attachment, by_key[attachment_key(attachment.document_id, attachment.id)])
        for attachment in attachments_of_rows(rows)
    ]


def _use(attachment: StoredAttachment, row: dict[str, Any]) -> AttachmentUse:
    unused_at = row.get("unused_at")
    return AttachmentUse(
        attachment=attachment,
        seq=row.get("seq") or 0,
        version=row.get("version"),
        unused_at=datetime_read(unused_at) if unused_at else None,
    )


def use_record(*, document_id: str, file_id: str, **found: int) -> None:
    """Store what was found to need a file: ``seq`` of an operation, or number of a ``version``."""
    update: dict[str, Any] = {"$unset": {"unused_at": ""}}
    if found:
        update["$set"] = found
    attachment_rows().update_one({"_id": attachment_key(document_id, file_id)}, update)


def unused_mark(use: AttachmentUse) -> bool:
    """Store since when a file is not used; return False if an operation refers to it meanwhile."""
    condition = _condition(use) | {"unused_at": None}
    marked = attachment_rows().update_one(
        condition, {"$set": {"unused_at": datetime_text(clock.now())}}
    )
    return bool(marked.matched_count)


def attachment_free(use: AttachmentUse, *, is_needed: Callable[[], bool]) -> bool:
    """Detach a file that nothing has needed for so long; return False if something does meanwhile.

    ``is_needed`` is asked once more behind it: an operation may be in the log before it is counted.
    Its bytes stay a day longer, for a backup that has read the row, and then for as long as another
    document has them (``attachments.sweep``).
    """
    if use.unused_at is None:
        return False
    attachment = use.attachment
    now = datetime_text(clock.now())
    file_rows().update_one({"_id": attachment.id}, {"$set": {"touched_at": now}})
    if failpoints.armed is not None:
        failpoints.reach("before_detached")
    condition = _condition(use) | {"unused_at": equal(datetime_text(use.unused_at))}
    row = attachment_rows().find_one_and_delete(condition)
    if row is None:
        return False
    if is_needed():
        del row["unused_at"]
        attachment_rows().insert_one(row)
        return False
    if failpoints.armed is not None:
        failpoints.reach("after_detached")
    charged = row.get("charged_bytes") or 0
    if charged and row["author_id"].isdecimal():
        stored_bytes_add(user_id=int(row["author_id"]), more=-charged)
    return True


def _condition(use: AttachmentUse) -> dict[str, Any]:
    """Return the condition that no operation was found to refer to a file since it was read."""
    key = attachment_key(use.attachment.document_id, use.attachment.id)
    return {"_id": key, "seq": equal(use.seq) if use.seq else None}
