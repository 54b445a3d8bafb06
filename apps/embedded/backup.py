"""``make backup``: the data of a data folder as one file, taken while people write.

MongoDB is copied first, PostgreSQL second. Each copy is consistent (SQLite's online backup, and
``pg_dump``'s snapshot). Because of the order, users and permissions are newer than the documents,
never older: a person whose permission was revoked before a text was written cannot read that text
after a restore, and every author in the log has an account. A document is stored before its first
permission, so each copied document has one. A document created between the two copies leaves a
permission without a document, which no page shows.

The files of documents are copied last: the bytes of a file are stored before its row and do not
change, so every row in the copy has its bytes.

Log, documents, versions and locks are in one SQLite file, so they are consistent with one another.
Redis and Kafka are not backed up, on purpose: everything in them is derived from the log, and a
restored log with a newer cache would be inconsistent. The relay, the sweep and the first read fill
them again.
"""

import contextlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apps.embedded.backup_file import (
    DOCUMENTS,
    FILES,
    POSTGRES,
    SECRETS,
    Manifest,
    archive_write,
    files_pack,
    secrets_encode,
)
from apps.embedded.data_dir import FILES_FOLDER, DataDir, sync
from apps.embedded.data_dir_lock import UP, exclusive, in_progress
from apps.embedded.database import database_dump, database_exists, database_serving
from apps.embedded.errors import EmbeddedError

#: Prints a line of progress.
Report = Callable[[str], None]


def backup(file: Path, folder: Path, *, report: Report, dry_run: bool = False) -> dict[str, Any]:
    """Write a backup of a data folder to a new file, all or nothing; return its description.

    Works whether Scriptorium runs or not. Raises ``EmbeddedError``.
    """
    if not database_exists(folder) or not (folder / DOCUMENTS).exists():
        raise EmbeddedError(f"There is nothing to back up in {folder}.")
    _check_new_file(file)
    data_dir = DataDir.open(folder)
    with _postgres_available(data_dir, start=not dry_run) as is_running:
        if dry_run:
            names = _names(data_dir)
            report(f"{', '.join(names)} would be written to {file}.")
            return {"dry_run": True, "file": str(file), "running": is_running, "parts": names}
        try:
            manifest = _write(data_dir, file, report)
        except (OSError, sqlite3.Error) as err:
            raise EmbeddedError(f"{file} was not written: {err}.") from err
    size = file.stat().st_size
    report(f"{file} is complete ({size:,} bytes). It contains secrets: protect it like a password.")
    return {
        "dry_run": False,
        "file": str(file),
        "bytes": size,
        "running": is_running,
        **manifest.as_json(),
    }


def _check_new_file(file: Path) -> None:
    if file.exists():
        raise EmbeddedError(f"{file} already exists; a backup does not overwrite files.")
    if not os.access(file.parent, os.W_OK):
        raise EmbeddedError(f"{file.parent} is not a folder that can be written to.")


@contextlib.contextmanager
def _postgres_available(data_dir: DataDir, *, start: bool) -> Iterator[bool]:
    """Make PostgreSQL available during the block; yields whether Scriptorium was running.

    If Scriptorium is not running, PostgreSQL is started, unless ``start`` is false.
    """
    with exclusive(data_dir.path, "backup") as other:
        if other == UP:
            yield True
        elif other is not None:
            raise EmbeddedError(in_progress(other, data_dir.path))
        elif start:
            with database_serving(data_dir):
                yield False
        else:
            yield False


def _names(data_dir: DataDir) -> list[str]:
    """Return the parts in the order in which they are copied."""
    databases = sorted(path.name for path in (data_dir.path / "mongo").glob("*.db"))
    has_files = any((data_dir.path / FILES_FOLDER).glob("??"))
    return [*(f"mongo/{name}" for name in databases), POSTGRES, SECRETS, *([FILES] * has_files)]


def _write(data_dir: DataDir, file: Path, report: Report) -> Manifest:
    """Copy each part to a temporary folder beside the file; rename the finished file at the end."""
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as name:
        draft = Path(name)
        (draft / "mongo").mkdir()
        names = _names(data_dir)
        for part in names:
            started = time.monotonic()
            _copy_part(data_dir, part, draft / part)
            size = (draft / part).stat().st_size
            report(f"  {part}: {size:,} bytes ({time.monotonic() - started:.1f} s)")
        manifest = archive_write(draft / "whole", draft, names, created_at=created_at)
        _check_new_file(file)
        (draft / "whole").rename(file)
    sync(file.parent)
    return manifest


def _copy_part(data_dir: DataDir, name: str, target: Path) -> None:
    if name == POSTGRES:
        database_dump(data_dir, target)
    elif name == SECRETS:
        target.write_bytes(secrets_encode(data_dir.secret_key))
    elif name == FILES:
        files_pack(data_dir.path / FILES_FOLDER, target)
    else:
        _copy_sqlite(data_dir.path / name, target)


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy a consistent state of a database; in WAL mode, its writers do not wait for it."""
    uri = f"{source.resolve().as_uri()}?mode=ro"
    with (
        contextlib.closing(sqlite3.connect(uri, uri=True)) as live,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        [(verdict,)] = copy.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        raise EmbeddedError(f"{source} is damaged: {verdict}.")
    target.touch()  # an empty database has no file yet
