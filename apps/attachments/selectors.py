"""Reads of *attachments*: the files of a document, and their bytes."""

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apps.attachments.media_types import INLINE, PICTURES, served_type
from apps.attachments.models import STORED, attachment_key, attachment_rows, file_rows
from apps.attachments.storage import Reader, file_read, files
from apps.attachments.uploads import CLEANED, ORIGINAL, storage_name
from apps.core.errors import NotFoundError
from apps.core.mongo import equal
from apps.core.mongo_datetime import datetime_read
from apps.documents.selectors import document_get, history_check

logger = logging.getLogger(__name__)

#: The id of a file: the SHA-256 of its bytes in hex.
FILE_ID: Final = re.compile(r"[0-9a-f]{64}")
_PICTURE_TYPES: Final = frozenset(served for _, served in PICTURES.values())


class AttachmentNotFoundError(NotFoundError):
    """The document has no such file."""

    code = "attachment_not_found"


class AttachmentLostError(NotFoundError):
    """The document has the file, and the storage lacks its bytes."""

    code = "attachment_lost"


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """A file of a document.

    ``id`` is the SHA-256 of the uploaded bytes, and ``size`` their number; the rest describes what
    is served. ``order`` is the position in the document's list.
    """

    id: str
    document_id: str
    name: str
    author_id: str
    created_at: datetime
    order: int
    media_type: str
    size: int
    etag: str
    width: int | None
    height: int | None
    widths: tuple[int, ...]
    #: Bytes of each stored part.
    part_bytes: Mapping[str, int]

    @property
    def is_picture(self) -> bool:
        """Return whether a cleaned picture is served."""
        return self.media_type in _PICTURE_TYPES

    @property
    def is_inline(self) -> bool:
        """Return whether a browser may show it, instead of a download."""
        return self.media_type in INLINE


@dataclass(frozen=True, slots=True)
class Variant:
    """The bytes that answer a request: their place in the storage, number, type and ETag."""

    part: str
    size: int
    content_type: str
    etag: str


def attachment_get(*, user: Any, document_id: str, file_id: str) -> StoredAttachment:
    """Return a file of a document that ``user`` may read.

    Raises ``DocumentNotFoundError``, ``AttachmentNotFoundError``.
    """
    document_get(user=user, document_id=document_id)
    found = attachment_find(document_id=document_id, file_id=file_id)
    if found is None:
        raise AttachmentNotFoundError("This document has no such file.")
    return found


def attachment_find(*, document_id: str, file_id: str) -> StoredAttachment | None:
    """Return a file of a document, without a check of permissions; None where there is none."""
    if not FILE_ID.fullmatch(file_id):
        return None
    row = attachment_rows().find_one({"_id": equal(attachment_key(document_id, file_id))})
    return None if row is None else next(iter(attachments_of_rows([row])), None)


def attachments_list(
    *, user: Any, document_id: str, before: int | None, limit: int
) -> list[StoredAttachment]:
    """Return files of a document, the latest first.

    The files of all times are listed, so only people who may see the history get the list. Raises
    ``DocumentNotFoundError``, ``HistoryHiddenError``.
    """
    _, abilities = document_get(user=user, document_id=document_id)
    history_check(abilities)
    condition: dict[str, Any] = {"document_id": equal(document_id)}
    if before is not None:
        condition["order"] = {"$lt": before}
    rows = attachment_rows().find(condition).sort("order", -1).limit(limit)
    return list(attachments_of_rows(rows))


def attachments_iter(*, document_id: str) -> Iterator[StoredAttachment]:
    """Yield all files of a document, oldest first, without a check of permissions."""
    rows = attachment_rows().find({"document_id": equal(document_id)}).sort("order", 1)
    yield from attachments_of_rows(rows)


def attachments_count(*, document_id: str) -> int:
    """Return how many files a document has."""
    return int(attachment_rows().count_documents({"document_id": equal(document_id)}))


def variant_of(attachment: StoredAttachment, *, width: int | None = None) -> Variant:
    """Return which bytes to serve: of a picture the smallest size of at least ``width``."""
    part, content_type, etag = CLEANED, served_type(attachment.media_type), attachment.etag
    if not attachment.is_picture:
        part = ORIGINAL
    elif fitting := [size for size in attachment.widths if width is not None and size >= width]:
        part, content_type = str(fitting[0]), "image/webp"
        etag = f"{etag}-{part}"
    return Variant(part, attachment.part_bytes[part], content_type, f'"{etag}"')


def variant_open(attachment: StoredAttachment, variant: Variant, *, start: int = 0) -> Reader:
    """Return the bytes of a variant from ``start`` on.

    Raises ``AttachmentLostError``, ``FilesAwayError``.
    """
    try:
        return files().open_at(storage_name(attachment.id, variant.part), start)
    except FileNotFoundError as err:
        logger.error("the bytes of file %s (%s) are missing", attachment.id, variant.part)
        raise AttachmentLostError(
            "The bytes of this file are missing. Report it to whoever runs this server."
        ) from err


def file_faults(attachment: StoredAttachment) -> list[tuple[str, str]]:
    """Return what is wrong with the stored bytes of a file, as ``(part, word)``.

    The word is ``missing`` or ``damaged``. All bytes are read. Raises ``FilesAwayError``.
    """
    served = ORIGINAL if not attachment.is_picture else CLEANED
    digests = {ORIGINAL: attachment.id, served: attachment.etag}
    faults = []
    for part, expected_bytes in attachment.part_bytes.items():
        digest, found_bytes = hashlib.sha256(), 0
        try:
            for chunk in file_read(storage_name(attachment.id, part)):
                digest.update(chunk)
                found_bytes += len(chunk)
        except FileNotFoundError:
            faults.append((part, "missing"))
            continue
        if found_bytes != expected_bytes or digests.get(part, "") not in ("", digest.hexdigest()):
            faults.append((part, "damaged"))
    return faults


def attachments_without_bytes(*, document_id: str) -> list[str]:
    """Return the ids of a document's files of which nothing is known; none in a sound store."""
    rows = list(attachment_rows().find({"document_id": equal(document_id)}, {"file_id": 1}))
    ids = [row["file_id"] for row in rows]
    known = file_rows().find({"_id": {"$in": ids}, "state": STORED}, {"_id": 1}) if ids else ()
    return sorted(set(ids) - {row["_id"] for row in known})


def file_ids_in(content: bytes) -> set[str]:
    """Return what may be ids of files in an update or a state: all that look like one.

    An attribute of a node is stored in one piece, so none is missed.
    """
    return {found.decode() for found in re.findall(rb"[0-9a-f]{64}", content)}


def attachments_of_rows(rows: Iterable[Any]) -> Iterator[StoredAttachment]:
    """Yield the documents' files of rows with what is known of their bytes, in one more query."""
    found = list(rows)
    ids = list({row["file_id"] for row in found})
    if not ids:
        return
    known = {row["_id"]: row for row in file_rows().find({"_id": {"$in": ids}, "state": STORED})}
    for row in found:
        file = known.get(row["file_id"])
        if file is None:
            logger.error("file %s of document %s has no row", row["file_id"], row["document_id"])
            continue
        yield StoredAttachment(
            id=row["file_id"],
            document_id=row["document_id"],
            name=row["name"],
            author_id=row["author_id"],
            created_at=datetime_read(row["created_at"]),
            order=row["order"],
            media_type=file["media_type"],
            size=file["size"],
            etag=file["etag"],
            width=file.get("width"),
            height=file.get("height"),
            widths=tuple(file.get("widths") or ()),
            part_bytes=file["part_bytes"],
        )
