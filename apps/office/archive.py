"""Zip archives of Word, ODT and EPUB, reduced to the parts with text before pandoc reads them.

A part of a few kilobytes unpacks to gigabytes, a name can lead out of the archive, and a picture
can have more pixels than memory. The reduced archive has none of them.
"""

import io
import struct
import zipfile
import zlib
from typing import Final
from xml.parsers import expat

from apps.core.errors import LimitExceededError, UnprocessableError
from apps.office.word_tables import rows_filled

#: Most files of an archive; a book has some hundreds.
ARCHIVE_FILES_MAX: Final = 5_000
_CHUNK_BYTES: Final = 1024 * 1024
#: Endings of the parts that have text or say where it is. All others (pictures, fonts, films,
#: macros, embedded files) become empty, so that no reader misses one.
_TEXT_PARTS: Final = (".xml", ".rels", ".xhtml", ".html", ".htm", ".ncx", ".opf", "mimetype")
#: What office programs use. Python unpacks others (bzip2, LZMA) without a bound.
_COMPRESSIONS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: Errors of a damaged archive.
DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    OverflowError,
    UnicodeError,
    ValueError,
)


class FileUnreadableError(UnprocessableError):
    """The file is damaged, protected, or not what it seems to be."""

    code = "file_unreadable"


class UnpackedTooLargeError(LimitExceededError):
    """The text of an archive is longer than ``IMPORT_UNPACKED_MAX_BYTES``, or it has many files."""

    code = "unpacked_too_large"


class _EntityError(Exception):
    """A part declares an entity."""


def archive_reduced(data: bytes, *, max_bytes: int) -> bytes:
    """Return an archive with the same names, and only the parts with text.

    Raises ``FileUnreadableError``, ``UnpackedTooLargeError``.
    """
    reduced = io.BytesIO()
    left = max_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(reduced, "w") as copy:
            names: set[str] = set()
            for part in _parts(archive):
                if part.filename in names or not _is_inside(part.filename):
                    continue
                names.add(part.filename)
                content = b""
                if part.filename.lower().endswith(_TEXT_PARTS):
                    content = _content(archive, part, left, max_bytes)
                    left -= len(content)
                    if part.filename.startswith("word/"):
                        content = rows_filled(content)
                copy.writestr(part.filename, content)
    except DAMAGE as err:
        raise file_unreadable() from err
    return reduced.getvalue()


def archive_part(archive: bytes, name: str) -> bytes:
    """Return a part of a reduced archive; empty if there is none."""
    with zipfile.ZipFile(io.BytesIO(archive)) as parts:
        return parts.read(name) if name in parts.namelist() else b""


def file_unreadable() -> FileUnreadableError:
    """Return the error of a file that nothing can read."""
    return FileUnreadableError(
        "This file cannot be read: it is damaged, or of another kind than its name says. Open it "
        "in the program that wrote it, save it there once more, and import that."
    )


def _parts(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    parts = archive.infolist()
    if len(parts) > ARCHIVE_FILES_MAX:
        raise UnpackedTooLargeError(
            f"This file consists of more than {ARCHIVE_FILES_MAX:,} files. Split the document.",
            extra={"limit": "ARCHIVE_FILES_MAX", "value": ARCHIVE_FILES_MAX},
        )
    if any(part.compress_type not in _COMPRESSIONS for part in parts):
        raise file_unreadable()
    if any(part.flag_bits & 1 for part in parts):
        raise FileUnreadableError(
            "This file is protected by a password. Save it without one, and import that."
        )
    return parts


def _is_inside(name: str) -> bool:
    """Return whether a name stays within the archive."""
    return not name.startswith(("/", "\\")) and ".." not in name.replace("\\", "/").split("/")


def _content(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int, max_bytes: int) -> bytes:
    """Return a part of at most ``left`` bytes. No more than that is unpacked."""
    pieces: list[bytes] = []
    with archive.open(part) as stream:
        while piece := stream.read(min(_CHUNK_BYTES, left + 1)):
            left -= len(piece)
            if left < 0:
                raise UnpackedTooLargeError(
                    f"The text of this file unpacks to more than {max_bytes // 2**20} MiB. Split "
                    "the document.",
                    extra={"limit": "IMPORT_UNPACKED_MAX_BYTES", "value": max_bytes},
                )
            pieces.append(piece)
    content = b"".join(pieces)
    _check_entities(content)
    return content


def _check_entities(content: bytes) -> None:
    """Refuse XML with entities of its own: they repeat text without end, or name other files.

    XML that is damaged has pandoc's answer.
    """
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(content, True)  # noqa: FBT003 - the end of the part
    except expat.ExpatError:
        return
    except _EntityError as err:
        raise FileUnreadableError(
            "This file declares entities of XML, which no word processor writes. It is not "
            "imported: open it in one, save it there once more, and import that."
        ) from err


def _refuse_entity(*_args: object) -> None:
    raise _EntityError
