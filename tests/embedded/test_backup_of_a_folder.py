"""Backups of a data folder without processes: what is refused, and what is read."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from apps.embedded import backup as backup_module
from apps.embedded.backup import backup
from apps.embedded.backup_file import DOCUMENTS, POSTGRES, SECRETS, archive_read
from apps.embedded.data_dir import DataDir
from apps.embedded.data_dir_lock import UP, exclusive
from apps.embedded.errors import EmbeddedError


def test_backup_without_data_is_refused_and_creates_no_folder(folder: Path, tmp_path: Path) -> None:
    """The folder's name may be mistyped."""
    with pytest.raises(EmbeddedError, match="nothing to back up"):
        backup(tmp_path / "a.backup", folder, report=lambda _: None)
    assert not folder.exists()
    assert not (tmp_path / "a.backup").exists()


@pytest.fixture
def backed_up(data_dir: DataDir) -> Path:
    """Return a data folder with the files that a backup needs."""
    for name in ("postgres", "mongo"):
        (data_dir.path / name).mkdir()
    (data_dir.path / "postgres" / "PG_VERSION").write_text("18")
    (data_dir.path / DOCUMENTS).touch()
    return data_dir.path


def test_backup_does_not_overwrite_a_file(backed_up: Path, tmp_path: Path) -> None:
    """Last week's backup may be the only good one."""
    file = tmp_path / "a.backup"
    file.write_text("last week's")
    with pytest.raises(EmbeddedError, match="already exists"):
        backup(file, backed_up, report=lambda _: None)
    assert file.read_text() == "last week's"


def test_backup_into_a_missing_folder_is_refused(backed_up: Path, tmp_path: Path) -> None:
    """For example, a disk that is not mounted."""
    with pytest.raises(EmbeddedError, match="not a folder that can be written to"):
        backup(tmp_path / "none" / "a.backup", backed_up, report=lambda _: None)


@pytest.mark.parametrize("error", [EmbeddedError("no"), OSError("full"), KeyboardInterrupt()])
def test_backup_that_fails_leaves_no_file(
    error: BaseException, backed_up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the error is."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(backup_module, "database_dump", fail)
    target = tmp_path / "backups"
    target.mkdir()
    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else EmbeddedError
    with exclusive(backed_up, UP), pytest.raises(expected):
        backup(target / "a.backup", backed_up, report=lambda _: None)
    assert list(target.iterdir()) == []


def test_backup_of_a_damaged_database_is_refused(backed_up: Path, tmp_path: Path) -> None:
    """When it is taken, not at the restore."""
    (backed_up / DOCUMENTS).write_bytes(b"no database at all" * 100)
    with exclusive(backed_up, UP), pytest.raises(EmbeddedError, match="not a database"):
        backup(tmp_path / "a.backup", backed_up, report=lambda _: None)


def test_backup_dry_run_lists_its_parts_and_writes_nothing(backed_up: Path, tmp_path: Path) -> None:
    """And whether Scriptorium is running."""
    target, lines = tmp_path / "a.backup", list[str]()
    result = backup(target, backed_up, report=lines.append, dry_run=True)
    assert result["parts"] == [DOCUMENTS, POSTGRES, SECRETS]
    assert not result["running"]
    assert str(target) in lines[0]
    assert not target.exists()


def test_backup_has_committed_rows_only(
    backed_up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those only in the write-ahead log; writers do not wait for the backup."""
    monkeypatch.setattr(backup_module, "database_dump", lambda _, target: target.touch())
    with contextlib.closing(sqlite3.connect(backed_up / DOCUMENTS)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE log (seq)")
        writer.execute("INSERT INTO log VALUES (1)")
        writer.commit()
        writer.execute("INSERT INTO log VALUES (2)")
        with exclusive(backed_up, UP):
            backup(tmp_path / "a.backup", backed_up, report=lambda _: None)
        writer.commit()
    archive_read(tmp_path / "a.backup", tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / DOCUMENTS)) as copy:
        assert copy.execute("SELECT seq FROM log").fetchall() == [(1,)]
