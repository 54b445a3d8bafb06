"""Where the bytes of files are stored: a folder, or a server that speaks S3 (``ATTACHMENTS_URL``).

A name is there with all of its bytes or not at all, in both. Bytes never change under a name.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, Protocol, cast

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, storages
from django.core.files.storage.handler import InvalidStorageError

from apps.core.errors import TransientError

#: Bytes that are read or written in one step.
CHUNK_BYTES: Final = 256 * 1024
#: The storage's name in ``STORAGES``.
ALIAS: Final = "attachments"
#: Where a folder has the files that are being written.
_DRAFTS: Final = "drafts"


class FilesAwayError(TransientError):
    """The storage of files does not answer."""

    code = "files_unavailable"


class FilesNotConfiguredError(TransientError):
    """There is no ``ATTACHMENTS_URL``."""

    code = "files_not_configured"


class Reader(Protocol):
    """An open part of stored bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; none at the end."""

    def close(self) -> None:
        """Release the file or connection."""


class Files(Protocol):
    """The interface of both storages. Every method raises ``FilesAwayError``."""

    def store(self, name: str, content: IO[bytes]) -> None:
        """Store bytes under a name, all or nothing; replace those that are there."""

    def open_at(self, name: str, start: int) -> Reader:
        """Return the bytes from ``start`` on. Raises ``FileNotFoundError``."""

    def remove(self, name: str) -> None:
        """Delete a name; one that is not there changes nothing."""

    def drafts_remove(self, *, older_than_s: float) -> int:
        """Delete what killed processes left half written; return how many."""


def files() -> Files:
    """Return the storage of files. Raises ``FilesNotConfiguredError``."""
    try:
        return cast("Files", storages[ALIAS])
    except InvalidStorageError as err:
        raise FilesNotConfiguredError(
            "This server stores no files: its operator has to set ATTACHMENTS_URL.",
            retry_after_s=3600,
        ) from err


def file_read(name: str, start: int = 0) -> Iterator[bytes]:
    """Yield stored bytes in chunks. Raises ``FileNotFoundError``, ``FilesAwayError``."""
    reader = files().open_at(name, start)
    try:
        while chunk := reader.read(CHUNK_BYTES):
            yield chunk
    finally:
        reader.close()


class FolderStorage(FileSystemStorage):
    """A folder of this machine, or one that all servers mount."""

    def store(self, name: str, content: IO[bytes]) -> None:
        """Store bytes: write them beside, wait for the disk, and rename."""
        target = Path(self.path(name))
        try:
            drafts = Path(self.path(_DRAFTS))
            for folder in (drafts, target.parent):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, draft = tempfile.mkstemp(dir=drafts)
            try:
                with os.fdopen(descriptor, "wb") as out:
                    content.seek(0)
                    while chunk := content.read(CHUNK_BYTES):
                        out.write(chunk)
                    out.flush()
                    os.fsync(out.fileno())
                Path(draft).replace(target)
            except BaseException:
                Path(draft).unlink(missing_ok=True)
                raise
            _sync_folders(target.parent, up_to=Path(self.location))
        except OSError as err:
            raise away(err) from err

    def open_at(self, name: str, start: int) -> Reader:
        """Return the bytes from ``start`` on."""
        try:
            stream = Path(self.path(name)).open("rb")  # noqa: SIM115 - the caller closes it
            stream.seek(start)
        except FileNotFoundError:
            raise
        except OSError as err:
            raise away(err) from err
        return stream

    def remove(self, name: str) -> None:
        """Delete a name."""
        try:
            Path(self.path(name)).unlink(missing_ok=True)
        except OSError as err:
            raise away(err) from err

    def drafts_remove(self, *, older_than_s: float) -> int:
        """Delete the drafts of killed processes."""
        removed = 0
        oldest = time.time() - older_than_s
        for draft in Path(self.path(_DRAFTS)).glob("*"):
            if draft.stat().st_mtime < oldest:
                draft.unlink(missing_ok=True)
                removed += 1
        return removed


def _sync_folders(folder: Path, *, up_to: Path) -> None:
    """Wait until the entries of a folder and of its parents are on disk."""
    while True:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if folder == up_to or folder == folder.parent:
            return
        folder = folder.parent


def away(err: Exception) -> FilesAwayError:
    """Return the error of a storage that fails."""
    return FilesAwayError(f"Files cannot be stored or read now ({type(err).__name__}). Try again.")


def as_file(content: IO[bytes]) -> Any:
    """Return a stream from its start, as Django's storages take it."""
    content.seek(0)
    return File(content)
