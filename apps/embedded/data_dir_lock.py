"""The lock of a data folder: held while Scriptorium runs on it, is backed up or restored."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

#: What a launcher holds the lock for.
UP = "up"


@contextlib.contextmanager
def exclusive(folder: Path, purpose: str) -> Iterator[str | None]:
    """Hold the lock of a data folder; yields None, or the purpose of the process that holds it."""
    run = folder / "run"
    with (run / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            yield lock.read() or UP  # a process that has just started has written nothing yet
            return
        lock.truncate(0)
        lock.write(purpose)
        lock.flush()
        pid_file = run / "up.pid"
        pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
        try:
            yield None
        finally:
            pid_file.unlink(missing_ok=True)


def in_progress(purpose: str, folder: Path) -> str:
    """Return the message of an error: a backup, restore or stop holds the lock."""
    return f"A {purpose} of {folder} is in progress: wait until it has finished."
