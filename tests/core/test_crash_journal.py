"""The journal of processes that die, and of one that lives."""

import signal
import subprocess
import sys
from pathlib import Path

from apps.core.crash_journal import CrashJournal, left_notes
from tests.support.launcher import ROOT

#: Notes two subjects, ends one of them, and dies as by a crash of a library, or ends in order.
_PROCESS = """
import os, signal, sys
from pathlib import Path
from apps.core.crash_journal import CrashJournal
journal = CrashJournal(Path(sys.argv[1]))
done = journal.begin("done")
journal.begin("in work")
journal.end(done)
if sys.argv[2] == "close":
    journal.close()
else:
    os.kill(os.getpid(), int(sys.argv[2]))
"""


def run(folder: Path, end: object) -> int:
    """Run a process with a journal in a folder; return its exit code."""
    words = [sys.executable, "-c", _PROCESS, str(folder), str(end)]
    return subprocess.run(words, cwd=ROOT, check=False).returncode


def left(folder: Path) -> list[list[str]]:
    """Return what dead processes have left, and forget it."""
    found = []
    for notes in left_notes(folder):
        found.append(notes.subjects)
        notes.remove()
    return found


def test_process_that_dies_leaves_what_it_worked_on(tmp_path: Path) -> None:
    """By SIGSEGV and by SIGKILL; it is read once."""
    for number in (signal.SIGSEGV, signal.SIGKILL):
        assert run(tmp_path, int(number)) == -number
        assert left(tmp_path) == [["in work"]]
        assert left(tmp_path) == []


def test_process_that_ends_in_order_leaves_nothing(tmp_path: Path) -> None:
    """Its file is deleted."""
    assert run(tmp_path, "close") == 0
    assert list(tmp_path.iterdir()) == []


def test_notes_of_a_live_process_are_not_read(tmp_path: Path) -> None:
    """They are read only when it has died."""
    journal = CrashJournal(tmp_path / "notes")
    try:
        journal.begin("in work")
        assert left(journal.folder) == []
    finally:
        journal.close()


def test_more_notes_than_there_is_room_for_are_left_out(tmp_path: Path) -> None:
    """And the work goes on."""
    journal = CrashJournal(tmp_path)
    numbers = [journal.begin(f"subject {number}") for number in range(100)]
    assert numbers.count(-1) == 36
    for number in numbers:
        journal.end(number)
    assert journal.begin("again") >= 0
    journal.close()


def test_folder_is_private(tmp_path: Path) -> None:
    """Another user could close any document by a file in it."""
    journal = CrashJournal(tmp_path / "notes")
    journal.close()
    assert (tmp_path / "notes").stat().st_mode & 0o777 == 0o700
