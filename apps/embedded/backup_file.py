"""The file of a backup: a compressed tar of a manifest and the parts that it names.

``manifest.json`` comes first: the format and its version, when and by which version of Scriptorium
the backup was created, and name, size and SHA-256 of each part. The parts follow in the manifest's
order, each a plain file. A reader refuses everything else: other names, links, folders.
"""

import contextlib
import gzip
import hashlib
import json
import os
import re
import shutil
import tarfile
import tomllib
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self

from apps.embedded.errors import EmbeddedError
from apps.embedded.programs import ROOT

FORMAT = "scriptorium-backup"
VERSION = 1
MANIFEST = "manifest.json"
POSTGRES = "postgres.dump"
SECRETS = "secrets.json"
#: The files that are attached to documents, as a tar of the folder; left out if there are none.
FILES = "files.tar"
#: The SQLite file of the database that ``MONGODB_URL`` names.
DOCUMENTS = "mongo/scriptorium.db"
REQUIRED = (DOCUMENTS, POSTGRES, SECRETS)

_NAME = re.compile(
    rf"{re.escape(POSTGRES)}|{re.escape(SECRETS)}|{re.escape(FILES)}|mongo/[A-Za-z0-9_-]+\.db"
)
#: The names of files within their tar: hash and part (``apps.attachments.uploads``).
_FILE_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}/[a-z0-9]{1,20}")
_MANIFEST_MAX_BYTES = 1024 * 1024
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Part:
    """One file of a backup."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The description of a backup; ``created_at`` is ISO 8601 in UTC."""

    created_at: str
    product_version: str
    parts: tuple[Part, ...]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Return the manifest from the bytes of its file. Raises ``EmbeddedError``."""
        try:
            stored = json.loads(data)
            if stored["format"] != FORMAT:
                raise EmbeddedError(f"its format is {stored['format']!r}, not {FORMAT}")
            if stored["version"] != VERSION:
                raise EmbeddedError(
                    f"its format has version {stored['version']!r}; this Scriptorium reads "
                    f"version {VERSION}"
                )
            parts = tuple(
                Part(str(part["name"]), int(part["bytes"]), str(part["sha256"]))
                for part in stored["parts"]
            )
            manifest = cls(str(stored["created_at"]), str(stored["product_version"]), parts)
        except (ValueError, KeyError, TypeError) as err:
            raise EmbeddedError(f"its manifest cannot be read ({err!r})") from err
        manifest._check_names()
        return manifest

    def encode(self) -> bytes:
        """Return the bytes of the manifest's file."""
        stored = {"format": FORMAT, "version": VERSION, **self.as_json()}
        return json.dumps(stored, indent=2).encode() + b"\n"

    def as_json(self) -> dict[str, Any]:
        """Return the description that ``--json`` prints."""
        return asdict(self)

    def _check_names(self) -> None:
        names = [part.name for part in self.parts]
        if strange := [name for name in names if not _NAME.fullmatch(name)]:
            raise EmbeddedError(f"its manifest names {strange[0]!r}, which is no part of a backup")
        if missing := set(REQUIRED).difference(names):
            raise EmbeddedError(f"its manifest does not name {min(missing)}")
        if len(set(names)) != len(names):
            raise EmbeddedError("its manifest names a part twice")


def product_version() -> str:
    """Return the version of this Scriptorium."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def archive_write(file: Path, folder: Path, names: Sequence[str], *, created_at: str) -> Manifest:
    """Write the parts in a folder to a new file with mode 600; return the manifest."""
    manifest = Manifest(created_at, product_version(), tuple(_part(folder, name) for name in names))
    (folder / MANIFEST).write_bytes(manifest.encode())
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
        with (
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6) as stream,
            tarfile.open(fileobj=stream, mode="w|") as tar,
        ):
            for name in (MANIFEST, *names):
                tar.add(folder / name, arcname=name, recursive=False, filter=_anonymous)
        raw.flush()
        os.fsync(raw.fileno())
    return manifest


def archive_read(file: Path, into: Path | None = None) -> Manifest:
    """Check a whole backup and return its manifest; write the parts to ``into``, if given.

    Raises ``EmbeddedError`` with the reason if the file is not a valid backup.
    """
    try:
        with gzip.open(file) as stream:
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                manifest = _read(tar, into)
            while stream.read(_CHUNK_BYTES):  # gzip's checksum is at the end
                pass
    except EmbeddedError as err:
        raise EmbeddedError(f"{file} cannot be restored: {err}.") from err
    except (FileNotFoundError, IsADirectoryError, PermissionError) as err:
        raise EmbeddedError(f"{file} cannot be read: {err.strerror}.") from err
    except EOFError as err:
        raise EmbeddedError(f"{file} is truncated.") from err
    except (gzip.BadGzipFile, tarfile.TarError, zlib.error) as err:
        raise EmbeddedError(f"{file} is damaged, or not a backup of Scriptorium ({err}).") from err
    return manifest


def _read(tar: tarfile.TarFile, into: Path | None) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or not 0 < first.size <= _MANIFEST_MAX_BYTES:
        raise EmbeddedError(f"it does not begin with {MANIFEST}")
    manifest = Manifest.decode(_opened(tar, first).read())
    for part in manifest.parts:
        member = tar.next()
        if member is None:
            raise EmbeddedError(f"{part.name} is missing")
        if member.name != part.name:
            raise EmbeddedError(f"it contains {member.name!r} where {part.name} is expected")
        if member.size != part.bytes or _copy(_opened(tar, member), part, into) != part.sha256:
            raise EmbeddedError(f"{part.name} differs from the backup: its checksum does not match")
    if (more := tar.next()) is not None:
        raise EmbeddedError(f"it contains {more.name!r}, which its manifest does not name")
    return manifest


def files_pack(folder: Path, target: Path) -> None:
    """Write the files of a folder to a tar; what appears or goes meanwhile may be left out."""
    with tarfile.open(target, "w") as tar:
        for path in sorted(folder.glob("??/*/*")):
            name = path.relative_to(folder).as_posix()
            if _FILE_NAME.fullmatch(name):
                with contextlib.suppress(FileNotFoundError):
                    tar.add(path, arcname=name, recursive=False, filter=_anonymous)


def files_unpack(source: Path, folder: Path) -> None:
    """Write the files of a tar to a folder. Raises ``EmbeddedError`` for any other member."""
    with tarfile.open(source, "r:") as tar:
        for member in tar:
            if not _FILE_NAME.fullmatch(member.name):
                raise EmbeddedError(f"{FILES} contains {member.name!r}, which is no file's name")
            target = folder / member.name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _opened(tar, member) as stream, target.open("wb") as out:
                shutil.copyfileobj(stream, out, _CHUNK_BYTES)
            target.chmod(0o600)


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(member) if member.isreg() else None
    if stream is None:
        raise EmbeddedError(f"{member.name!r} is not a plain file")
    return stream


def _copy(stream: IO[bytes], part: Part, into: Path | None) -> str:
    """Read a part, copy it to a file if there is a folder, and return its SHA-256."""
    path = Path(os.devnull) if into is None else into / part.name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("wb") as target:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def _part(folder: Path, name: str) -> Part:
    with (folder / name).open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Part(name, (folder / name).stat().st_size, digest)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Remove the owner's ids and names from a member of the tar."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def secrets_encode(secret_key: str) -> bytes:
    """Return the part with the secret key, so that sessions and tokens stay valid."""
    return json.dumps({"secret_key": secret_key}).encode() + b"\n"


def secrets_decode(data: bytes) -> str:
    """Return the secret key of a backup. Raises ``EmbeddedError``."""
    stored: Any = None
    try:
        stored = json.loads(data)
        secret_key = stored["secret_key"]
    except (ValueError, KeyError, TypeError) as err:
        raise EmbeddedError(f"{SECRETS} cannot be read ({type(err).__name__})") from err
    if not isinstance(secret_key, str) or not secret_key:
        raise EmbeddedError(f"{SECRETS} has no secret key")
    return secret_key
