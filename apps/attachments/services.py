"""Writes of *attachments*: upload, copy, delete with the document. Rights are checked here, once.

The order is: the file's row as ``storing``, the bytes, the row as ``stored``, the document's row. A
process that dies in between leaves bytes that no document has, which the sweep deletes
(``attachments.sweep``), and never a row whose bytes are missing.
"""

import tempfile
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from io import SEEK_END
from time import monotonic
from typing import IO, Any, Final

from django.conf import settings
from pymongo.errors import DuplicateKeyError

from apps.accounts.models import User
from apps.accounts.usage import storage_check, stored_bytes_add
from apps.attachments.events import AttachmentChange, attachment_added
from apps.attachments.media_types import PICTURES, UnsupportedTypeError
from apps.attachments.models import (
    FREEING,
    STORED,
    STORING,
    attachment_key,
    attachment_rows,
    file_rows,
)
from apps.attachments.selectors import (
    AttachmentLostError,
    AttachmentNotFoundError,
    StoredAttachment,
    attachment_find,
    attachment_get,
    attachments_count,
    attachments_iter,
)
from apps.attachments.storage import FilesNotConfiguredError, file_read, files
from apps.attachments.uploads import (
    ORIGINAL,
    CheckedUpload,
    ServedBytes,
    Upload,
    served_bytes,
    storage_name,
    upload_check,
)
from apps.core import clock, failpoints, metrics
from apps.core.errors import AppError, ForbiddenError, LimitExceededError, TransientError
from apps.core.mongo import equal
from apps.core.mongo_datetime import datetime_text
from apps.documents.selectors import document_get

#: Tries to find a free place in the order of a document's list.
_ORDER_TRIES: Final = 100


class AttachmentsFullError(LimitExceededError):
    """A document has ``ATTACHMENTS_PER_DOCUMENT`` files."""


class FileBeingDeletedError(TransientError):
    """The bytes are being deleted at this moment; in a second they can be stored again."""

    code = "file_being_deleted"


def attachment_create(*, user: User, document_id: str, upload: Upload) -> StoredAttachment:
    """Store a file and attach it to a document; the same file again changes nothing.

    Raises ``DocumentNotFoundError``, ``ForbiddenError``, ``QuotaExceededError``,
    ``AttachmentsFullError``, ``FilesAwayError``, and as ``upload_check`` and ``served_bytes`` do.
    """
    try:
        _check_write(user, document_id)
        checked = upload_check(upload)
        existing = attachment_find(document_id=document_id, file_id=checked.sha256)
        if existing is not None and _keep(attachment_key(document_id, checked.sha256)):
            return existing
        storage_check(user_id=str(user.pk))
        _file_store(checked)
    except AppError as err:
        metrics.ATTACHMENTS_REFUSED.labels(code=err.code).inc()
        raise
    _attach_upload(user, document_id, checked)
    return attachment_get(user=user, document_id=document_id, file_id=checked.sha256)


def pictures_store(
    *, user: User, uploads: Mapping[str, Upload], timeout_s: float
) -> dict[str, CheckedUpload]:
    """Store the pictures of an imported file before there is a document that has them.

    Return those that can be shown by their keys; others, and those after ``timeout_s``, are left
    out. The sweep deletes them unless ``pictures_attach`` follows. Raises ``FilesAwayError``,
    ``QuotaExceededError``.
    """
    stored: dict[str, CheckedUpload] = {}
    if uploads:
        storage_check(user_id=str(user.pk))
    end = monotonic() + timeout_s
    for key, upload in uploads.items():
        if monotonic() > end:
            break
        try:
            checked = upload_check(upload)
            if checked.media_type in PICTURES:
                _file_store(checked)
                stored[key] = checked
        except (FilesNotConfiguredError, UnsupportedTypeError, LimitExceededError) as err:
            metrics.ATTACHMENTS_REFUSED.labels(code=err.code).inc()
    return stored


def pictures_attach(*, user: User, document_id: str, pictures: Collection[CheckedUpload]) -> None:
    """Attach pictures of ``pictures_store`` to a document.

    Raises ``DocumentNotFoundError``, ``ForbiddenError``, ``AttachmentsFullError``,
    ``FileBeingDeletedError``.
    """
    if not pictures:
        return
    _check_write(user, document_id)
    for picture in pictures:
        _file_touch(picture.sha256)
        _attach_upload(user, document_id, picture)


def attachment_copy(
    *, user: User, document_id: str, source_id: str, file_id: str
) -> StoredAttachment:
    """Attach a file of a document that ``user`` may read to one that ``user`` may write in.

    Raises ``DocumentNotFoundError``, ``ForbiddenError``, ``AttachmentNotFoundError``,
    ``AttachmentsFullError``.
    """
    _check_write(user, document_id)
    source = attachment_get(user=user, document_id=source_id, file_id=file_id)
    if not _file_touch(file_id):
        raise AttachmentNotFoundError("This document has no such file.")
    _attach(document_id=document_id, file_id=file_id, name=source.name, author_id=str(user.pk))
    return attachment_get(user=user, document_id=document_id, file_id=file_id)


def attachments_copy(
    *, source_id: str, document_id: str, file_ids: Collection[str], user: User
) -> None:
    """Attach files of a document to a duplicate of it; ids that are of no file are skipped.

    The caller has checked the rights on both.
    """
    for source in attachments_iter(document_id=source_id):
        if source.id in file_ids and _file_touch(source.id):
            _attach(
                document_id=document_id, file_id=source.id, name=source.name, author_id=str(user.pk)
            )


def attachment_restore(
    *, document_id: str, upload: Upload, author_id: str, created_at: datetime
) -> str:
    """Attach a file of an archive to a document that is being imported; return the file's id.

    Without a check of rights and shares. Raises as ``upload_check`` and ``served_bytes`` do.
    """
    checked = upload_check(upload)
    _file_store(checked)
    _attach(
        document_id=document_id,
        file_id=checked.sha256,
        name=checked.name,
        author_id=author_id,
        created_at=created_at,
    )
    return checked.sha256


def file_rebuild(*, file_id: str, name: str) -> None:
    """Make what is served of a file again, from its uploaded bytes.

    Raises ``FileNotFoundError``, ``FilesAwayError``, and as ``upload_check`` does.
    """
    with tempfile.TemporaryFile() as content:
        for chunk in file_read(storage_name(file_id, ORIGINAL)):
            content.write(chunk)
        checked = upload_check(Upload(content, name))
        if checked.sha256 != file_id:
            raise AttachmentLostError("The uploaded bytes of this file are damaged.")
        _served_store(checked, served_bytes(checked))


def attachments_delete(*, document_id: str) -> None:
    """Detach all files of a document that is deleted; the sweep frees those that nobody has."""
    condition = {"document_id": equal(document_id)}
    charged: Counter[int] = Counter()
    for row in attachment_rows().find(condition, {"author_id": 1, "charged_bytes": 1}):
        if row["author_id"].isdecimal():
            charged[int(row["author_id"])] += row.get("charged_bytes") or 0
    attachment_rows().delete_many(condition)
    for user_id, size in charged.items():
        stored_bytes_add(user_id=user_id, more=-size)


def _check_write(user: User, document_id: str) -> None:
    _, abilities = document_get(user=user, document_id=document_id)
    if not abilities.write:
        raise ForbiddenError("You may read this document, not attach files to it.")
    most = settings.ATTACHMENTS_PER_DOCUMENT
    if attachments_count(document_id=document_id) >= most:
        raise AttachmentsFullError(
            f"A document has at most {most:,} files.",
            extra={"limit": "ATTACHMENTS_PER_DOCUMENT", "value": most},
        )


def _attach_upload(user: User, document_id: str, upload: CheckedUpload) -> None:
    """Attach stored bytes to a document, and count them for their uploader."""
    is_new = _attach(
        document_id=document_id,
        file_id=upload.sha256,
        name=upload.name,
        author_id=str(user.pk),
        charged_bytes=upload.size,
    )
    if not is_new:
        return
    stored_bytes_add(user_id=user.pk, more=upload.size)
    metrics.ATTACHMENTS.inc()
    metrics.ATTACHMENT_BYTES.inc(upload.size)
    change = AttachmentChange(document_id, user.pk, upload.sha256, upload.name, upload.size)
    attachment_added.publish(change)


def _file_touch(file_id: str) -> bool:
    """Announce a use of a file; return whether its bytes are stored.

    From now on, the sweep does not delete it for a day. Raises ``FileBeingDeletedError``; the next
    sweep finishes a deletion whose process died.
    """
    rows = file_rows()
    now = datetime_text(clock.now())
    try:
        rows.insert_one({"_id": file_id, "state": STORING, "touched_at": now})
    except DuplicateKeyError:
        condition = {"_id": file_id, "state": {"$in": [STORING, STORED]}}
        rows.update_one(condition, {"$set": {"touched_at": now}})
    row = rows.find_one({"_id": equal(file_id)})
    if row is None or row["state"] == FREEING:
        raise FileBeingDeletedError("This file is being deleted. Try again in a moment.")
    return bool(row["state"] == STORED)


def _file_store(upload: CheckedUpload) -> None:
    """Store the bytes of a file unless they are stored, and then its row."""
    known = file_rows().find_one({"_id": equal(upload.sha256)}, {"state": 1})
    if known is not None and _file_touch(upload.sha256):
        return
    served = served_bytes(upload)
    _file_touch(upload.sha256)
    _served_store(upload, served)


def _served_store(upload: CheckedUpload, served: ServedBytes) -> None:
    """Store the bytes of a file, and then that they are stored."""
    sizes = {}
    for part, content in served.parts.items():
        files().store(storage_name(upload.sha256, part), content)
        sizes[part] = _length(content)
    if failpoints.armed is not None:
        failpoints.reach("after_bytes")
    values = {
        "state": STORED,
        "media_type": served.media_type,
        "size": upload.size,
        "width": served.width,
        "height": served.height,
        "widths": list(served.widths),
        "part_bytes": sizes,
        "etag": served.etag,
    }
    result = file_rows().update_one(
        {"_id": upload.sha256, "state": {"$in": [STORING, STORED]}}, {"$set": values}
    )
    if not result.matched_count:
        raise FileBeingDeletedError("This file is being deleted. Try again in a moment.")


def _attach(
    *,
    document_id: str,
    file_id: str,
    name: str,
    author_id: str,
    created_at: datetime | None = None,
    charged_bytes: int = 0,
) -> bool:
    """Store that a document has a file, at the end of its list; return False if it has it."""
    now = created_at or clock.now()
    key = attachment_key(document_id, file_id)
    row: dict[str, Any] = {
        "_id": key,
        "document_id": document_id,
        "file_id": file_id,
        "name": name,
        "author_id": author_id,
        "created_at": datetime_text(now),
        "charged_bytes": charged_bytes,
    }
    first = int(now.timestamp() * 1_000_000)
    for order in range(first, first + _ORDER_TRIES):
        try:
            attachment_rows().insert_one({**row, "order": order})
        except DuplicateKeyError:
            if _keep(key):
                return False
        else:
            return True
    raise TransientError("Too many files are attached to this document at once. Try again.")


def _keep(key: str) -> bool:
    """Announce a use of a document's file, which is not freed now; return whether it is there."""
    kept = attachment_rows().update_one({"_id": key}, {"$unset": {"unused_at": ""}})
    return bool(kept.matched_count)


def _length(content: IO[bytes]) -> int:
    return content.seek(0, SEEK_END)
