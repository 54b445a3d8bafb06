"""The file of one document: gzip of lines of JSON, written and read as a stream.

Format ``scriptorium-document`` 1 (docs/operations.md). Each line is an object with one key, which
says what the line is: first ``header`` (in it what the owners say of the history), then any number
of ``quarantined``, ``operation`` and ``version``, then ``authors``, last ``end``. A version stands
behind the operation that it was made after. The file of a compacted log has version 2, and before
the first operation ``beginning``, the versions up to the one that it begins with, and ``packed``
operations. ``end`` counts the lines of each kind and holds the SHA-256 of all bytes before it.
Bytes are base64, moments ISO 8601.
"""

import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from apps.core.errors import ConflictError, InvalidInputError

FORMAT = "scriptorium-document"
VERSION = 1
#: With a log that begins after a version; a program that knows 1 only must not take it for whole.
VERSION_COMPACTED = 2
#: One line at most: a row of MongoDB, in base64. Threat: a file that fills the memory.
LINE_BYTES = 32 * 1024 * 1024

#: What a line is, and what it says.
Line = tuple[str, Any]


class ArchiveBrokenError(InvalidInputError):
    """The file is not a document's, or not whole; nothing was imported."""

    code = "archive_broken"


class FileExistsAlreadyError(ConflictError):
    """There is a file of this name; it was not touched."""

    code = "file_exists"


def archive_write(path: Path, lines: Iterable[Line]) -> Counter[str]:
    """Write a file whole or not at all, for its owner's eyes; return the lines of each kind.

    Raises ``FileExistsAlreadyError``, ``OSError``, and what ``lines`` raises.
    """
    if path.exists():
        raise FileExistsAlreadyError(f"There is a file {path} already; it was not touched.")
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
                counts = _write_lines(cast("BinaryIO", packed), lines)
            raw.flush()
            os.fsync(raw.fileno())
        Path(name).rename(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return counts


def _write_lines(out: BinaryIO, lines: Iterable[Line]) -> Counter[str]:
    counts: Counter[str] = Counter()
    digest = hashlib.sha256()
    for kind, body in lines:
        counts[kind] += 1
        line = _encode(kind, body)
        digest.update(line)
        out.write(line)
    out.write(_encode("end", {"lines": dict(counts), "sha256": digest.hexdigest()}))
    return counts


def _encode(kind: str, body: Any) -> bytes:
    return json.dumps({kind: body}, separators=(",", ":")).encode() + b"\n"


def archive_read(path: Path) -> Iterator[Line]:
    """Yield the lines of a file but the last, which is checked before this ends.

    Raises ``ArchiveBrokenError`` where the file is not what was written, ``OSError`` for one that
    cannot be read. What was yielded before may be part of a broken file.
    """
    digest = hashlib.sha256()
    counts: Counter[str] = Counter()
    kind, body = "", None
    for number, line in enumerate(_raw_lines(path), start=1):
        if kind == "end":
            raise ArchiveBrokenError("There are lines behind the last one.")
        kind, body = _decode(number, line)
        if kind == "end":
            continue
        if number == 1:
            _check_format(kind, body)
        digest.update(line)
        counts[kind] += 1
        yield kind, body
    if kind != "end":
        raise ArchiveBrokenError("The file is cut off: its last line is missing.")
    if body != {"lines": dict(counts), "sha256": digest.hexdigest()}:
        raise ArchiveBrokenError("The file is not what was written: its checksum is another one.")


def _raw_lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) as packed:
            while line := packed.readline(LINE_BYTES + 1):
                if len(line) > LINE_BYTES:
                    raise ArchiveBrokenError("A line is longer than any row may be.")
                yield line
    except (gzip.BadGzipFile, zlib.error) as err:
        raise ArchiveBrokenError(f"The file cannot be unpacked: {err}.") from err
    except EOFError as err:
        raise ArchiveBrokenError("The file is cut off.") from err


def _decode(number: int, line: bytes) -> Line:
    try:
        [(kind, body)] = json.loads(line).items()
    except (ValueError, AttributeError) as err:
        raise ArchiveBrokenError(f"Line {number} cannot be read.") from err
    return kind, body


def _check_format(kind: str, header: Any) -> None:
    if kind != "header" or not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ArchiveBrokenError("The file is not one of export_document.")
    if header.get("version") not in (VERSION, VERSION_COMPACTED):
        raise ArchiveBrokenError(
            f"The file has version {header.get('version')!r} of the format, this program reads "
            f"{VERSION} and {VERSION_COMPACTED}."
        )
