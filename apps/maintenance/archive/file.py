"""The archive of one document: a gzip file of JSON lines, written and read as a stream.

Format ``scriptorium-document`` 1 (docs/operations.md). Each line is an object with one key, the
kind of the line: first ``header`` (with the history settings), then any number of ``quarantined``,
``operation`` and ``version``, each ``file`` with its bytes in ``file_data``, then ``authors``, last
``end``. A version follows the operation of
its seq. The archive of a compacted log has format version 2, and before the first operation
``beginning`` (the compaction point), the versions up to the compaction point, and ``packed``
(compacted) operations. ``end`` has the number of lines of each kind and the SHA-256 of all bytes
before it. Bytes are base64, times ISO 8601.
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
#: Of a compacted log; a program that knows only version 1 must refuse it as incomplete.
VERSION_COMPACTED = 2
#: Longest line: a row of MongoDB, in base64. Threat: a file that fills the memory.
LINE_BYTES = 32 * 1024 * 1024

#: The kind of a line and its body.
Line = tuple[str, Any]


class ArchiveBrokenError(InvalidInputError):
    """The file is not an archive, or not complete; nothing was imported."""

    code = "archive_broken"


class FileExistsAlreadyError(ConflictError):
    """A file of this name exists; it was not changed."""

    code = "file_exists"


def archive_write(path: Path, lines: Iterable[Line]) -> Counter[str]:
    """Write a file completely or not at all; return the number of lines of each kind.

    Only its owner may read it. Raises ``FileExistsAlreadyError``, ``OSError``, and the errors of
    ``lines``.
    """
    if path.exists():
        raise FileExistsAlreadyError(f"The file {path} exists already; it was not changed.")
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as compressed:
                counts = _write_lines(cast("BinaryIO", compressed), lines)
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
    """Yield the lines of a file except for the last, which is checked at the end.

    Raises ``ArchiveBrokenError`` where the file is not what was written, ``OSError`` for one that
    cannot be read. Lines that were yielded before the error may belong to a broken file.
    """
    digest = hashlib.sha256()
    counts: Counter[str] = Counter()
    kind, body = "", None
    for number, line in enumerate(_raw_lines(path), start=1):
        if kind == "end":
            raise ArchiveBrokenError("There are lines after the last one.")
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
        raise ArchiveBrokenError("The file is not what was written: its checksum does not match.")


def _raw_lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) as compressed:
            while line := compressed.readline(LINE_BYTES + 1):
                if len(line) > LINE_BYTES:
                    raise ArchiveBrokenError("A line is longer than any row may be.")
                yield line
    except (gzip.BadGzipFile, zlib.error) as err:
        raise ArchiveBrokenError(f"The file cannot be decompressed: {err}.") from err
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
        raise ArchiveBrokenError("The file is not an archive of export_document.")
    if header.get("version") not in (VERSION, VERSION_COMPACTED):
        raise ArchiveBrokenError(
            f"The file has version {header.get('version')!r} of the format, this program reads "
            f"{VERSION} and {VERSION_COMPACTED}."
        )
