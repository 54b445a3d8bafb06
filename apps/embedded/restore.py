"""``make restore``: the data of a data folder from a backup, all or nothing.

The whole file is checked before anything is changed. The new data is then built within the data
folder, as ``restore.new-…``. When it is complete and on disk, it is renamed to ``restore.ready``,
which commits the restore. The last step moves the old data away and the new data in; if it is
interrupted, the next command on the folder completes it first. So the folder has either the old
data or the new data, whenever a process is killed.

Ports and the passwords of the databases are new. The secret key is the backup's, so logins stay
valid.
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

from apps.embedded.backup import Report
from apps.embedded.backup_file import (
    FILES,
    POSTGRES,
    SECRETS,
    archive_read,
    files_unpack,
    secrets_decode,
)
from apps.embedded.data_dir import FILES_FOLDER, RELAYS_FILE, DataDir, sync, write_private
from apps.embedded.data_dir_lock import UP, exclusive, in_progress
from apps.embedded.database import (
    check_namespace,
    database_create,
    database_load,
    database_serving,
)
from apps.embedded.errors import EmbeddedError
from apps.embedded.supervise import Supervisor

#: How long pages bring back each other's edits after a restore, in seconds (``RELAYS_UNTIL``).
RELAYS_S = 7 * 24 * 3600
#: The data that a restore replaces. The rest of a data folder is logs and pid files.
_DATA = ("postgres", "mongo", "redis", FILES_FOLDER)
_REPLACED = (*_DATA, "state.json", RELAYS_FILE)
_OLD_MOVED = "; its old data would be moved aside"
_DRAFT, _READY, _OLD = "restore.new-", "restore.ready", "restore.old"


def restore(
    file: Path, folder: Path, *, report: Report, dry_run: bool = False, force: bool = False
) -> dict[str, Any]:
    """Restore a backup to a data folder; return a description of the result.

    If the folder already has data, it is refused; with ``force``, the old data is moved aside.
    Raises ``EmbeddedError``; then nothing has changed.
    """
    manifest = archive_read(file)
    size = sum(part.bytes for part in manifest.parts)
    report(
        f"{file} is valid: created {manifest.created_at} by Scriptorium "
        f"{manifest.product_version}, {len(manifest.parts)} parts, {size:,} bytes."
    )
    result = {"file": str(file), "data_dir": str(folder), **manifest.as_json()}
    if dry_run:
        with _locked(folder) if (folder / "run").exists() else contextlib.nullcontext():
            has_data = _check_data(folder, force=force)
        report(f"It would be restored to {folder}{_OLD_MOVED if has_data else ''}.")
        return {"dry_run": True, "moves_old_data": has_data, **result}
    try:
        for part in (folder, folder / "run"):
            part.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(folder):
            _swap_in(folder)
            _check_data(folder, force=force)
            _build(file, folder, report)
            old = _swap_in(folder)
    except OSError as err:
        raise EmbeddedError(f"{folder} was not restored: {err}.") from err
    if old is not None:
        report(f"The previous data is in {old}.")
    report(f"Restored to {folder}. Start it with `make up`.")
    return {"dry_run": False, "old_data": None if old is None else str(old), **result}


def restore_finish(folder: Path) -> None:
    """Complete a restore that was interrupted after its commit."""
    if (folder / _READY).exists() or (folder / _OLD).exists():
        with exclusive(folder, "restore") as other:
            if other is None:
                _swap_in(folder)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a data folder. Raises ``EmbeddedError`` if it is in use."""
    with exclusive(folder, "restore") as other:
        if other == UP:
            raise EmbeddedError(f"Scriptorium is running on {folder}. Stop it first: make down")
        if other is not None:
            raise EmbeddedError(in_progress(other, folder))
        yield


def _check_data(folder: Path, *, force: bool) -> bool:
    """Return whether the folder has data; if so, raise unless it may be moved aside."""
    has_data = any((folder / name).exists() for name in _DATA)
    if has_data and Supervisor(DataDir.open(folder), [], {}).answers():
        raise EmbeddedError(f"Scriptorium is still stopping on {folder}; try again in a moment.")
    if has_data and not force:
        raise EmbeddedError(
            f"{folder} already has data. Name another folder with DATA_DIR=/path, or move this "
            "data aside with --force (make restore FILE=… ARGS=--force)."
        )
    return has_data


def _build(file: Path, folder: Path, report: Report) -> None:
    """Build the new data in a draft folder; rename it to ``restore.ready`` when complete."""
    check_namespace()
    for left_behind in folder.glob(f"{_DRAFT}*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    # A new name each time: a process of a killed restore may still be writing for a moment.
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder))
    try:
        parts = draft / "parts"
        parts.mkdir()
        archive_read(file, parts)
        _fill(draft, parts, report)
        _sync_all(draft)
        draft.rename(folder / _READY)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    sync(folder)


def _fill(draft: Path, parts: Path, report: Report) -> None:
    started = time.monotonic()
    data_dir = DataDir.open(draft, secret_key=secrets_decode((parts / SECRETS).read_bytes()))
    (parts / "mongo").rename(draft / "mongo")
    (draft / "redis").mkdir(mode=0o700)
    (draft / FILES_FOLDER).mkdir(mode=0o700)
    if (parts / FILES).exists():
        files_unpack(parts / FILES, draft / FILES_FOLDER)
    report(f"  mongo: unpacked ({time.monotonic() - started:.1f} s)")
    started = time.monotonic()
    database_create(data_dir)
    with database_serving(data_dir):
        database_load(data_dir, parts / POSTGRES)
    report(f"  postgres: loaded ({time.monotonic() - started:.1f} s)")
    write_private(draft / RELAYS_FILE, f"{time.time() + RELAYS_S:.0f}\n")
    for name in ("parts", "run", "log"):
        shutil.rmtree(draft / name)


def _sync_all(tree: Path) -> None:
    for parent, _, names in os.walk(tree):
        for name in (*names, "."):
            sync(Path(parent) / name)


def _swap_in(folder: Path) -> Path | None:
    """Replace the old data by the new data that is ready; return where the old data is now.

    Each step is idempotent.
    """
    ready, old = folder / _READY, folder / _OLD
    if ready.exists():
        old.mkdir(mode=0o700, exist_ok=True)
        for name in _REPLACED:
            if not (ready / name).exists():
                continue
            if (folder / name).exists():
                (folder / name).rename(old / name)
            (ready / name).rename(folder / name)
        ready.rmdir()
    if not old.exists():
        return None
    if not any(old.iterdir()):
        old.rmdir()
        return None
    aside = folder / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    old.rename(aside)
    sync(folder)
    return aside
