"""A restore that is interrupted or refused: the folder has the old data or the new data."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.embedded.backup_file import DOCUMENTS, POSTGRES, SECRETS, archive_write, secrets_encode
from apps.embedded.data_dir import DataDir
from apps.embedded.data_dir_lock import UP, exclusive
from apps.embedded.errors import EmbeddedError
from apps.embedded.restore import restore, restore_finish
from tests.core.processes import run_python

#: Renames and removals after the commit.
STEPS = 10
NAMES = ("postgres", "mongo", "redis", "state.json")


class InterruptedRestoreError(Exception):
    """The simulated end of the process."""


def fill(folder: Path, word: str) -> None:
    """Create the data that a restore replaces, with a word in each part."""
    for name in ("postgres", "mongo", "redis"):
        (folder / name).mkdir(parents=True)
        (folder / name / "word").write_text(word)
    (folder / "state.json").write_text(word)


def words(folder: Path) -> set[str]:
    """Return the words in the data that a restore replaces; all parts must exist."""
    files = (folder / name for name in NAMES)
    return {(file / "word" if file.is_dir() else file).read_text() for file in files}


def listing(folder: Path) -> dict[Path, bytes | None]:
    """Return every file with its content, except those of the lock."""
    return {
        path: path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if "run" not in path.parts
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a backup with valid checksums and invalid parts."""
    folder = tmp_path / "parts"
    (folder / "mongo").mkdir(parents=True)
    for name in (DOCUMENTS, POSTGRES):
        (folder / name).write_bytes(b"none")
    (folder / SECRETS).write_bytes(secrets_encode("k"))
    names = [DOCUMENTS, POSTGRES, SECRETS]
    archive_write(tmp_path / "a.backup", folder, names, created_at="2026-01-02T03:04:05")
    return tmp_path / "a.backup"


@pytest.fixture
def old_data(folder: Path) -> Path:
    """Return a data folder with old data that is not in use."""
    fill(folder, "old")
    (folder / "state.json").unlink()
    DataDir.open(folder)
    return folder


def _ends_after(left: Iterator[int], step: Callable[..., object]) -> Callable[..., object]:
    """Return the step, which raises once no steps are left."""

    def do(*arguments: object) -> object:
        if next(left, None) is None:
            raise InterruptedRestoreError
        return step(*arguments)

    return do


@pytest.mark.parametrize("steps", range(STEPS + 1))
def test_restore_interrupted_after_its_commit_is_completed_by_the_next_command(
    steps: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any step: the new data is in place, and the old data is moved aside."""
    fill(folder, "old")
    fill(folder / "restore.ready", "new")
    (folder / "run").mkdir()
    left = iter(range(steps))
    with monkeypatch.context() as patch:
        for method in ("rename", "rmdir"):
            patch.setattr(Path, method, _ends_after(left, getattr(Path, method)))
        with contextlib.nullcontext() if steps == STEPS else pytest.raises(InterruptedRestoreError):
            restore_finish(folder)
    restore_finish(folder)
    assert words(folder) == {"new"}
    [aside] = folder.glob("before-restore-*")
    assert words(aside) == {"old"}
    assert not list(folder.glob("restore.*"))


def test_restore_interrupted_before_its_commit_changes_nothing(folder: Path) -> None:
    """The draft is ignored."""
    fill(folder, "old")
    fill(folder / "restore.new-1", "new")
    restore_finish(folder)
    assert words(folder) == {"old"}


def test_restore_over_data_is_refused_with_advice(file: Path, old_data: Path) -> None:
    """Also in a dry run."""
    before = listing(old_data)
    for dry_run in (True, False):
        with pytest.raises(EmbeddedError, match=r"already has data.*DATA_DIR=.*--force"):
            restore(file, old_data, report=lambda _: None, dry_run=dry_run)
    assert listing(old_data) == before


@pytest.mark.parametrize("purpose", [UP, "backup"])
def test_restore_to_a_folder_in_use_is_refused(purpose: str, file: Path, old_data: Path) -> None:
    """Also with force: the data must not be moved while it is in use."""
    before = listing(old_data)
    for dry_run in (True, False):
        with exclusive(old_data, purpose), pytest.raises(EmbeddedError) as refusal:
            restore(file, old_data, report=lambda _: None, force=True, dry_run=dry_run)
        assert ("make down" if purpose == UP else "A backup of") in str(refusal.value)
    assert listing(old_data) == before


def test_restore_dry_run_prints_the_plan_and_changes_nothing(file: Path, old_data: Path) -> None:
    """With old data, and without a folder."""
    before, lines = listing(old_data), list[str]()
    result = restore(file, old_data, report=lines.append, dry_run=True, force=True)
    assert (result["dry_run"], result["moves_old_data"]) == (True, True)
    assert "old data would be moved aside" in lines[-1]
    assert listing(old_data) == before
    nowhere = old_data.parent / "nowhere"
    assert not restore(file, nowhere, report=lines.append, dry_run=True)["moves_old_data"]
    assert not nowhere.exists()


def test_restore_of_an_invalid_dump_keeps_the_old_data(file: Path, old_data: Path) -> None:
    """PostgreSQL refuses the dump, and the draft is removed."""
    before = listing(old_data)
    with pytest.raises(EmbeddedError, match="pg_restore failed"):
        restore(file, old_data, report=lambda _: None, force=True)
    assert listing(old_data) == before


def test_up_during_a_restore_is_refused(old_data: Path) -> None:
    """The message does not claim that Scriptorium is running."""
    with exclusive(old_data, "restore"):
        done = run_python("-m", "apps.embedded", "up", DATA_DIR=str(old_data))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"A restore of {old_data} is in progress" in done.stderr


def test_refused_restore_prints_one_line_on_stderr_and_exits_with_1(tmp_path: Path) -> None:
    """And nothing on stdout, where a script expects JSON."""
    words = ("restore", str(tmp_path / "none"), "--json")
    done = run_python("-m", "apps.embedded", *words, DATA_DIR=str(tmp_path / "data"))
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.strip().splitlines()
    assert line == f"{tmp_path / 'none'} cannot be read: No such file or directory."
