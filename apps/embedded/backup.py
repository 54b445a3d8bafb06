"""``make backup``: all that is to keep of a data folder as one file, while people write.

MongoDB is copied first, PostgreSQL second. Each copy is of one moment (SQLite's online backup, and
``pg_dump``'s snapshot), and the order decides what lies between the two moments: people and rights
that are newer than the texts, never older. So whoever was shut out of a document before a text was
written cannot read that text after a restore, and the log names no author who is unknown. A
document is stored before the first permission on it, so each copied document has its own; one that
is created between the two moments leaves a permission without a document, which nobody sees.

Log, documents, versions and locks are in one SQLite file: they fit each other. Redis and Kafka are
left out on purpose. They hold nothing that the log has not, and a restored log with a newer cache
beside it would be a contradiction; the relay, the sweep and the first reader fill them again.
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
    POSTGRES,
    SECRETS,
    Manifest,
    archive_write,
    secrets_encode,
)
from apps.embedded.data_dir import DataDir, sync
from apps.embedded.data_dir_lock import UP, exclusive
from apps.embedded.database import database_dump, database_exists, database_serving
from apps.embedded.errors import EmbeddedError

#: Tells a person how far it is.
Tell = Callable[[str], None]


def backup(file: Path, data_dir: Path, *, tell: Tell, dry_run: bool = False) -> dict[str, Any]:
    """Write a backup of a data folder to a new file, whole or not at all; return what it holds.

    Works while Scriptorium runs and while it does not. Raises ``EmbeddedError``.
    """
    if not database_exists(data_dir) or not (data_dir / DOCUMENTS).exists():
        raise EmbeddedError(f"There is nothing to back up in {data_dir}.")
    _check_target(file)
    place = DataDir.open(data_dir)
    with _readable(place, start=not dry_run) as is_running:
        if dry_run:
            names = _names(place)
            tell(f"{', '.join(names)} would be written to {file}.")
            return {"dry_run": True, "file": str(file), "running": is_running, "parts": names}
        try:
            manifest = _write(place, file, tell)
        except (OSError, sqlite3.Error) as err:
            raise EmbeddedError(f"{file} was not written: {err}.") from err
    size = file.stat().st_size
    tell(f"{file} is complete ({size:,} bytes). It holds secrets: keep it as you keep passwords.")
    return {
        "dry_run": False,
        "file": str(file),
        "bytes": size,
        "running": is_running,
        **manifest.as_json(),
    }


def _check_target(file: Path) -> None:
    if file.exists():
        raise EmbeddedError(f"{file} is there already; a backup overwrites nothing.")
    if not os.access(file.parent, os.W_OK):
        raise EmbeddedError(f"{file.parent} is no folder that can be written to.")


@contextlib.contextmanager
def _readable(place: DataDir, *, start: bool) -> Iterator[bool]:
    """See that PostgreSQL serves while the block runs; yields whether it did before.

    With ``start`` false it is left as it is.
    """
    with exclusive(place.data_dir, "backup") as other:
        if other == UP:
            yield True
        elif other is not None:
            raise EmbeddedError(f"A {other} of {place.data_dir} is under way: wait.")
        elif start:
            with database_serving(place):
                yield False
        else:
            yield False


def _names(place: DataDir) -> list[str]:
    """Return the parts in the order in which they are taken."""
    databases = sorted(path.name for path in (place.data_dir / "mongo").glob("*.db"))
    return [*(f"mongo/{name}" for name in databases), POSTGRES, SECRETS]


def _write(place: DataDir, file: Path, tell: Tell) -> Manifest:
    """Take each part beside the file, and give the whole its name at the end."""
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as name:
        folder = Path(name)
        (folder / "mongo").mkdir()
        names = _names(place)
        for each in names:
            started = time.monotonic()
            _take(place, each, folder / each)
            size = (folder / each).stat().st_size
            tell(f"  {each}: {size:,} bytes ({time.monotonic() - started:.1f} s)")
        manifest = archive_write(folder / "whole", folder, names, created_at=created_at)
        _check_target(file)
        (folder / "whole").rename(file)
    sync(file.parent)
    return manifest


def _take(place: DataDir, name: str, target: Path) -> None:
    if name == POSTGRES:
        database_dump(place, target)
    elif name == SECRETS:
        target.write_bytes(secrets_encode(place.secret_key))
    else:
        _copy_sqlite(place.data_dir / name, target)


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment; in WAL mode its writers do not wait for it."""
    uri = f"{source.resolve().as_uri()}?mode=ro"
    with (
        contextlib.closing(sqlite3.connect(uri, uri=True)) as live,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        [(verdict,)] = copy.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        raise EmbeddedError(f"{source} is damaged: {verdict}.")
    target.touch()  # an empty database is no file yet
