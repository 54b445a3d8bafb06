"""``make restore``: a data folder made anew from a backup, at once or not at all.

All of the file is checked before anything is changed. Then the new data is built beside the old one
within the data folder, as ``restore.new-…``. When that is whole and on disk it is renamed to
``restore.ready``: from here on the restore is decided. What is left is to move the old data away
and the new in; when that is cut short, the next command on the folder ends it first. So whoever
looks finds the old data or the new, whatever was killed and when.

Ports and the databases' passwords are new, the secret key is the backup's: who was logged in stays.
"""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apps.embedded.backup import Tell
from apps.embedded.backup_file import POSTGRES, SECRETS, archive_read, secrets_decode
from apps.embedded.data_dir import DataDir, sync
from apps.embedded.data_dir_lock import UP, exclusive
from apps.embedded.database import (
    check_namespace,
    database_load,
    database_make,
    database_serving,
)
from apps.embedded.errors import EmbeddedError
from apps.embedded.supervise import Supervisor

#: What a restore replaces. The rest of a data folder is logs and notes.
_DATA = ("postgres", "mongo", "redis")
_REPLACED = (*_DATA, "state.json")
_DRAFT, _READY, _OLD = "restore.new-", "restore.ready", "restore.old"


def restore(
    file: Path, data_dir: Path, *, tell: Tell, dry_run: bool = False, force: bool = False
) -> dict[str, Any]:
    """Make a data folder from a backup; return what was done.

    A folder that has data already is refused, unless ``force``: then the old data is moved aside.
    Raises ``EmbeddedError``, and nothing has changed.
    """
    manifest = archive_read(file)
    size = sum(part.bytes for part in manifest.parts)
    tell(
        f"{file} is sound: of {manifest.created_at}, by Scriptorium {manifest.product_version}, "
        f"{len(manifest.parts)} parts, {size:,} bytes."
    )
    result = {"file": str(file), "data_dir": str(data_dir), **manifest.as_json()}
    if dry_run:
        with _held(data_dir) if (data_dir / "run").exists() else contextlib.nullcontext():
            has_data = _check_data(data_dir, force=force)
        tell(f"It would be restored to {data_dir}{', old data moved aside' if has_data else ''}.")
        return {"dry_run": True, "moves_old_data": has_data, **result}
    try:
        for folder in (data_dir, data_dir / "run"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _held(data_dir):
            _finish(data_dir)
            _check_data(data_dir, force=force)
            _build(file, data_dir, tell)
            old = _finish(data_dir)
    except OSError as err:
        raise EmbeddedError(f"{data_dir} was not restored: {err}.") from err
    if old is not None:
        tell(f"What was there before is in {old}.")
    tell(f"Restored to {data_dir}. Start it with `make up`.")
    return {"dry_run": False, "old_data": None if old is None else str(old), **result}


def restore_finish(data_dir: Path) -> None:
    """End a restore that was cut short after it had been decided."""
    if (data_dir / _READY).exists() or (data_dir / _OLD).exists():
        with exclusive(data_dir, "restore") as other:
            if other is None:
                _finish(data_dir)


@contextlib.contextmanager
def _held(data_dir: Path) -> Iterator[None]:
    """Hold a data folder in which nothing runs. Raises ``EmbeddedError`` where something does."""
    with exclusive(data_dir, "restore") as other:
        if other == UP:
            raise EmbeddedError(f"Scriptorium runs on {data_dir}. Stop it first: make down")
        if other is not None:
            raise EmbeddedError(f"A {other} of {data_dir} is under way: wait.")
        yield


def _check_data(data_dir: Path, *, force: bool) -> bool:
    """Return whether there is data; raise if so, unless it may be moved aside."""
    has_data = any((data_dir / name).exists() for name in _DATA)
    if has_data and Supervisor(DataDir.open(data_dir), [], {}).answers():
        raise EmbeddedError(f"Scriptorium is still stopping on {data_dir}; try again in a moment.")
    if has_data and not force:
        raise EmbeddedError(
            f"{data_dir} has data already. Name another folder with DATA_DIR=/path, or move this "
            "data aside with --force (make restore FILE=… ARGS=--force)."
        )
    return has_data


def _build(file: Path, data_dir: Path, tell: Tell) -> None:
    """Make the new data in a folder of its own; under the name ``restore.ready`` it is whole."""
    check_namespace()
    for left_behind in data_dir.glob(f"{_DRAFT}*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    # Another name each time: what a killed restore had started may live on for a moment.
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=data_dir))
    try:
        parts = draft / "parts"
        parts.mkdir()
        archive_read(file, parts)
        _fill(draft, parts, tell)
        _sync_all(draft)
        draft.rename(data_dir / _READY)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    sync(data_dir)


def _fill(draft: Path, parts: Path, tell: Tell) -> None:
    started = time.monotonic()
    place = DataDir.open(draft, secret_key=secrets_decode((parts / SECRETS).read_bytes()))
    (parts / "mongo").rename(draft / "mongo")
    (draft / "redis").mkdir(mode=0o700)
    tell(f"  mongo: unpacked ({time.monotonic() - started:.1f} s)")
    started = time.monotonic()
    database_make(place)
    with database_serving(place):
        database_load(place, parts / POSTGRES)
    tell(f"  postgres: made anew ({time.monotonic() - started:.1f} s)")
    for name in ("parts", "run", "log"):
        shutil.rmtree(draft / name)


def _sync_all(folder: Path) -> None:
    for parent, _, names in os.walk(folder):
        for name in (*names, "."):
            sync(Path(parent) / name)


def _finish(data_dir: Path) -> Path | None:
    """Put what is ready in the place of what was there; return where that is now.

    Each step finds out by itself whether it has been done.
    """
    ready, old = data_dir / _READY, data_dir / _OLD
    if ready.exists():
        old.mkdir(mode=0o700, exist_ok=True)
        for name in _REPLACED:
            if not (ready / name).exists():
                continue
            if (data_dir / name).exists():
                (data_dir / name).rename(old / name)
            (ready / name).rename(data_dir / name)
        ready.rmdir()
    if not old.exists():
        return None
    if not any(old.iterdir()):
        old.rmdir()
        return None
    aside = data_dir / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    old.rename(aside)
    sync(data_dir)
    return aside
