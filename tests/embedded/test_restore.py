"""A restore cut short at any step, and one that is refused: the old data or the new, never half."""

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

#: Renames and removals from the decision to the end.
STEPS = 10
NAMES = ("postgres", "mongo", "redis", "state.json")


class CutShortError(Exception):
    """The end of a process, as far as a test can play it."""


def fill(folder: Path, word: str) -> None:
    """Make what a restore replaces, each with a word in it."""
    for name in ("postgres", "mongo", "redis"):
        (folder / name).mkdir(parents=True)
        (folder / name / "word").write_text(word)
    (folder / "state.json").write_text(word)


def words(folder: Path) -> set[str]:
    """Return the words in what a restore replaces; all of it has to be there."""
    files = (folder / name for name in NAMES)
    return {(file / "word" if file.is_dir() else file).read_text() for file in files}


def listing(folder: Path) -> dict[Path, bytes | None]:
    """Return every file with its content, but those that say who holds the folder."""
    return {
        path: path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if "run" not in path.parts
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a backup that is sound as far as a checksum can tell; its parts are none."""
    folder = tmp_path / "parts"
    (folder / "mongo").mkdir(parents=True)
    for name in (DOCUMENTS, POSTGRES):
        (folder / name).write_bytes(b"none")
    (folder / SECRETS).write_bytes(secrets_encode("k"))
    names = [DOCUMENTS, POSTGRES, SECRETS]
    archive_write(tmp_path / "a.backup", folder, names, created_at="2026-01-02T03:04:05")
    return tmp_path / "a.backup"


@pytest.fixture
def old_data(data_dir: Path) -> Path:
    """Return a data folder with old data, which nobody holds."""
    fill(data_dir, "old")
    (data_dir / "state.json").unlink()
    DataDir.open(data_dir)
    return data_dir


def _ends_after(left: Iterator[int], step: Callable[..., object]) -> Callable[..., object]:
    """Return a step that is done as long as something is left."""

    def do(*arguments: object) -> object:
        if next(left, None) is None:
            raise CutShortError
        return step(*arguments)

    return do


@pytest.mark.parametrize("steps", range(STEPS + 1))
def test_restore_cut_short_after_its_decision_is_ended_by_the_next_command(
    steps: int, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever has been moved by then: all of the new is in place, and all of the old beside."""
    fill(data_dir, "old")
    fill(data_dir / "restore.ready", "new")
    (data_dir / "run").mkdir()
    left = iter(range(steps))
    with monkeypatch.context() as patch:
        for method in ("rename", "rmdir"):
            patch.setattr(Path, method, _ends_after(left, getattr(Path, method)))
        with contextlib.nullcontext() if steps == STEPS else pytest.raises(CutShortError):
            restore_finish(data_dir)
    restore_finish(data_dir)
    assert words(data_dir) == {"new"}
    [aside] = data_dir.glob("before-restore-*")
    assert words(aside) == {"old"}
    assert not list(data_dir.glob("restore.*"))


def test_restore_cut_short_before_its_decision_has_changed_nothing(data_dir: Path) -> None:
    """What is half made is looked at by nobody."""
    fill(data_dir, "old")
    fill(data_dir / "restore.new-1", "new")
    restore_finish(data_dir)
    assert words(data_dir) == {"old"}


def test_folder_with_data_is_refused_and_says_how_it_would_go(file: Path, old_data: Path) -> None:
    """Also in a dry run, which says what the real one would."""
    before = listing(old_data)
    for dry_run in (True, False):
        with pytest.raises(EmbeddedError, match=r"has data already.*DATA_DIR=.*--force"):
            restore(file, old_data, tell=lambda _: None, dry_run=dry_run)
    assert listing(old_data) == before


@pytest.mark.parametrize("doing", [UP, "backup"])
def test_folder_that_is_in_use_is_refused(doing: str, file: Path, old_data: Path) -> None:
    """Force does not help: the data would be moved from under those who use it."""
    before = listing(old_data)
    for dry_run in (True, False):
        with exclusive(old_data, doing), pytest.raises(EmbeddedError) as refusal:
            restore(file, old_data, tell=lambda _: None, force=True, dry_run=dry_run)
        assert ("make down" if doing == UP else "A backup of") in str(refusal.value)
    assert listing(old_data) == before


def test_dry_run_says_what_would_be_done_and_changes_nothing(file: Path, old_data: Path) -> None:
    """With data that would be moved aside, and without a folder at all."""
    before, said = listing(old_data), list[str]()
    result = restore(file, old_data, tell=said.append, dry_run=True, force=True)
    assert (result["dry_run"], result["moves_old_data"]) == (True, True)
    assert "old data moved aside" in said[-1]
    assert listing(old_data) == before
    nowhere = old_data.parent / "nowhere"
    assert not restore(file, nowhere, tell=said.append, dry_run=True)["moves_old_data"]
    assert not nowhere.exists()


def test_database_that_cannot_be_made_leaves_the_old_data(file: Path, old_data: Path) -> None:
    """PostgreSQL refuses what the checksum could not know of; the half-made data goes away."""
    before = listing(old_data)
    with pytest.raises(EmbeddedError, match="pg_restore failed"):
        restore(file, old_data, tell=lambda _: None, force=True)
    assert listing(old_data) == before


def test_up_does_not_start_while_a_restore_is_under_way(old_data: Path) -> None:
    """It is not said to run already: it does not."""
    with exclusive(old_data, "restore"):
        done = run_python("-m", "apps.embedded", "up", DATA_DIR=str(old_data))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"A restore of {old_data} is under way" in done.stderr


def test_refusal_is_one_line_on_stderr_and_an_exit_code(tmp_path: Path) -> None:
    """Nothing on stdout, where a script expects JSON."""
    words = ("restore", str(tmp_path / "none"), "--json")
    done = run_python("-m", "apps.embedded", *words, DATA_DIR=str(tmp_path / "data"))
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.strip().splitlines()
    assert line == f"{tmp_path / 'none'} cannot be read: No such file or directory."
