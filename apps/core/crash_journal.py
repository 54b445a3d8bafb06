"""The crash journal: what a process worked on when it died.

A crash of a library leaves no time to report anything. So each process notes what it works on in a
file that is mapped into memory: a note costs some microseconds, no system call, and outlives the
process. The process holds a lock on its file. A file whose lock is free was left by a process that
died, and its notes name the suspects.
"""

import fcntl
import mmap
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

#: Bytes of one note, and notes of one process at the same time, at most.
_NOTE_BYTES: Final = 64
_NOTES: Final = 64
_EMPTY: Final = bytes(_NOTE_BYTES)
_SUFFIX: Final = ".journal"


@dataclass(slots=True)
class LeftNotes:
    """The notes of a process that died; ``remove`` forgets them."""

    path: Path
    subjects: list[str]

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)


class CrashJournal:
    """The journal of this process, in a folder that outlives it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        new = folder / str(uuid4())
        self._path = new.with_suffix(_SUFFIX)
        self._file = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        os.ftruncate(self._file, _NOTES * _NOTE_BYTES)
        new.rename(self._path)  # nobody may find it before it is locked
        self._notes = mmap.mmap(self._file, _NOTES * _NOTE_BYTES)
        self._free = deque(range(_NOTES))

    def begin(self, subject: str) -> int:
        """Note that the work on a subject begins; return the note, -1 where all are taken."""
        try:
            number = self._free.pop()
        except IndexError:
            return -1
        start = number * _NOTE_BYTES
        self._notes[start : start + _NOTE_BYTES] = subject.encode()[:_NOTE_BYTES].ljust(
            _NOTE_BYTES, b"\x00"
        )
        return number

    def end(self, number: int) -> None:
        """End a note."""
        if number >= 0:
            start = number * _NOTE_BYTES
            self._notes[start : start + _NOTE_BYTES] = _EMPTY
            self._free.append(number)

    def close(self) -> None:
        """Delete the file: this process ends in order. Its threads may still note something."""
        self._path.unlink(missing_ok=True)


def left_notes(folder: Path) -> Iterator[LeftNotes]:
    """Yield the notes of each process that died, once among all processes of this machine."""
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:  # another process has just read it
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield LeftNotes(path, _read(os.pread(file, _NOTES * _NOTE_BYTES, 0)))
        except BlockingIOError:  # its process lives
            continue
        finally:
            os.close(file)


def _read(content: bytes) -> list[str]:
    notes = (content[at : at + _NOTE_BYTES] for at in range(0, len(content), _NOTE_BYTES))
    subjects = (note.rstrip(b"\x00").decode(errors="replace") for note in notes)
    return sorted({subject for subject in subjects if subject})
