"""Files of a document in its archive: for each a line ``file``, then its bytes as ``file_data``.

The bytes are those that were uploaded; what is served of a picture is made again by the import.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, Final

from apps.attachments.selectors import FILE_ID, StoredAttachment, attachments_iter, file_faults
from apps.attachments.services import attachment_restore
from apps.attachments.storage import file_read
from apps.attachments.uploads import ORIGINAL, Upload, storage_name
from apps.core import base64
from apps.core.errors import AppError
from apps.maintenance.archive.codec import MapAuthor, decode_datetime, decoded
from apps.maintenance.archive.file import ArchiveBrokenError, Line

FILE: Final = "file"
FILE_DATA: Final = "file_data"
#: Bytes in one line, at most.
DATA_BYTES: Final = 1024 * 1024
_NAME: Final = re.compile(r"[^\x00-\x1f/\\]{1,255}")


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A line ``file``: a file of the document, without its bytes."""

    id: str
    name: str
    size: int
    author_id: str
    created_at: datetime


def file_lines(document_id: str, *, left_out: list[str]) -> Iterator[tuple[str, Line]]:
    """Yield ``(author id, line)`` of all files; one without sound bytes is named in ``left_out``.

    Raises ``FilesAwayError``.
    """
    for attachment in attachments_iter(document_id=document_id):
        faults = dict(file_faults(attachment))
        if ORIGINAL in faults:
            left_out.append(f"file {attachment.id} ({attachment.name}): {faults[ORIGINAL]}")
            continue
        yield attachment.author_id, (FILE, _encode(attachment))
        for data in _chunks(attachment.id):
            yield attachment.author_id, (FILE_DATA, base64.encode(data))


def _encode(attachment: StoredAttachment) -> dict[str, Any]:
    return {
        "id": attachment.id,
        "name": attachment.name,
        "size": attachment.size,
        "author_id": attachment.author_id,
        "created_at": attachment.created_at.isoformat(),
    }


def _chunks(file_id: str) -> Iterator[bytes]:
    """Yield the uploaded bytes in the length of a line."""
    pending = bytearray()
    for chunk in file_read(storage_name(file_id, ORIGINAL)):
        pending += chunk
        while len(pending) >= DATA_BYTES:
            yield bytes(pending[:DATA_BYTES])
            del pending[:DATA_BYTES]
    if pending:
        yield bytes(pending)


@dataclass(slots=True)
class FileValidator:
    """Checks the lines of files in their order. Every method raises ``ArchiveBrokenError``."""

    author_ids: set[str] = field(default_factory=set)
    _file: ArchivedFile | None = None
    _digest: Any = None
    _bytes: int = 0

    def add_file(self, body: Any) -> None:
        """Check the line of the next file, and that the one before is complete."""
        self.end()
        self._file = file_decode(body)
        self._digest, self._bytes = hashlib.sha256(), 0
        self.author_ids.add(self._file.author_id)

    def add_data(self, body: Any) -> None:
        """Check a line of bytes."""
        if self._file is None:
            raise ArchiveBrokenError("There are bytes of no file.")
        data = decoded(FILE_DATA, lambda: base64.decode(body))
        self._digest.update(data)
        self._bytes += len(data)

    def end(self) -> None:
        """Check that the last file is complete."""
        file = self._file
        if file is not None and (self._bytes, self._digest.hexdigest()) != (file.size, file.id):
            raise ArchiveBrokenError(f"The bytes of file {file.id} are not those of its hash.")
        self._file = None


def file_decode(body: Any, map_author: MapAuthor = lambda user_id: user_id) -> ArchivedFile:
    """Decode a line ``file``. Raises ``ArchiveBrokenError``."""
    return decoded(FILE, lambda: _decode(body, map_author))


def _decode(body: Any, map_author: MapAuthor) -> ArchivedFile:
    if not FILE_ID.fullmatch(body["id"]) or not _NAME.fullmatch(body["name"]):
        raise ValueError("no id or name of a file")
    if type(body["size"]) is not int or not isinstance(body["author_id"], str):
        raise TypeError("no size or author of a file")
    created_at = decode_datetime(body["created_at"])
    return ArchivedFile(
        body["id"], body["name"], body["size"], map_author(body["author_id"]), created_at
    )


def files_restore(lines: Iterable[Line], *, document_id: str, map_author: MapAuthor) -> None:
    """Store the files of a checked archive and attach them to a document. Idempotent.

    Raises as ``attachment_restore`` does, with ``ArchiveBrokenError`` for a file that may not be
    attached here.
    """
    with tempfile.TemporaryFile() as content:
        file: ArchivedFile | None = None
        for kind, body in lines:
            if kind == FILE_DATA:
                content.write(base64.decode(body))
                continue
            if file is not None:
                _restore(file, content, document_id)
            file = file_decode(body, map_author) if kind == FILE else None
            content.seek(0)
            content.truncate()
        if file is not None:
            _restore(file, content, document_id)


def _restore(file: ArchivedFile, content: IO[bytes], document_id: str) -> None:
    try:
        attachment_restore(
            document_id=document_id,
            upload=Upload(content, file.name),
            author_id=file.author_id,
            created_at=file.created_at,
        )
    except AppError as err:
        raise ArchiveBrokenError(f"File {file.id} cannot be attached here: {err.message}") from err
