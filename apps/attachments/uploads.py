"""An uploaded file before it is stored: its size, hash and type, and what is served of it."""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from django.conf import settings

from apps.attachments.cleaning import picture_clean_in_child
from apps.attachments.media_types import EDGE_BYTES, PICTURES, Edges, media_type_check, served_type
from apps.attachments.names import name_clean
from apps.attachments.storage import CHUNK_BYTES
from apps.core.errors import InvalidInputError, LimitExceededError
from apps.core.sizes import size_text


class AttachmentTooLargeError(LimitExceededError):
    """The file is longer than ``ATTACHMENT_MAX_BYTES``."""


class AttachmentEmptyError(InvalidInputError):
    """The file has no bytes."""

    code = "attachment_empty"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent: its bytes, and what it claims to be."""

    content: IO[bytes]
    name: str
    claimed_type: str = ""


@dataclass(frozen=True, slots=True)
class CheckedUpload:
    """A file of an allowed size and type; ``sha256`` is the hash of its bytes."""

    content: IO[bytes]
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ServedBytes:
    """What is served of a file: a picture cleaned, everything else as it came.

    ``parts`` are the bytes to store by the name of the part (``storage_name``).
    """

    media_type: str
    etag: str
    parts: dict[str, IO[bytes]]
    width: int | None = None
    height: int | None = None
    widths: tuple[int, ...] = ()


def upload_check(upload: Upload) -> CheckedUpload:
    """Return a file that may be stored.

    Raises ``AttachmentTooLargeError``, ``AttachmentEmptyError``, ``UnsupportedTypeError``.
    """
    name = name_clean(upload.name)
    digest, size, head, tail = hashlib.sha256(), 0, b"", b""
    upload.content.seek(0)
    while chunk := upload.content.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        if size > settings.ATTACHMENT_MAX_BYTES:
            raise too_large()
        head = (head + chunk)[:EDGE_BYTES] if len(head) < EDGE_BYTES else head
        tail = (tail + chunk)[-EDGE_BYTES:]
    if not size:
        raise AttachmentEmptyError("This file is empty.")
    media_type = media_type_check(Edges(head, tail), name=name, claimed=upload.claimed_type)
    return CheckedUpload(upload.content, name, media_type, size, digest.hexdigest())


def served_bytes(upload: CheckedUpload) -> ServedBytes:
    """Return what is served of a file. Raises as ``picture_clean_in_child`` does."""
    original = {ORIGINAL: upload.content}
    if upload.media_type not in PICTURES:
        return ServedBytes(upload.media_type, upload.sha256, original)
    upload.content.seek(0)
    picture = picture_clean_in_child(upload.content.read(), upload.media_type)
    sizes = {str(width): BytesIO(data) for width, data in picture.sizes.items()}
    return ServedBytes(
        media_type=served_type(upload.media_type),
        etag=picture.digest,
        parts={**original, **sizes, CLEANED: BytesIO(picture.data)},
        width=picture.width,
        height=picture.height,
        widths=tuple(sorted(picture.sizes)),
    )


#: The parts of a file in the storage: what was uploaded, and of a picture what is served.
ORIGINAL = "original"
CLEANED = "cleaned"


def storage_name(sha256: str, part: str) -> str:
    """Return the name of a part of a file in the storage."""
    return f"{sha256[:2]}/{sha256}/{part}"


def too_large() -> AttachmentTooLargeError:
    """Return the error of a file that is too long."""
    limit = settings.ATTACHMENT_MAX_BYTES
    return AttachmentTooLargeError(
        f"A file has at most {size_text(limit)}.",
        extra={"limit": "ATTACHMENT_MAX_BYTES", "value": limit},
    )
