"""One at a time on a data folder: who starts it, backs it up or restores it holds its lock."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

#: What a launcher does with the folder.
UP = "up"


@contextlib.contextmanager
def exclusive(data_dir: Path, doing: str) -> Iterator[str | None]:
    """Hold the data folder; yields None, or what the one does who holds it already."""
    run = data_dir / "run"
    with (run / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            yield lock.read() or UP  # one that has only just begun has said nothing yet
            return
        lock.truncate(0)
        lock.write(doing)
        lock.flush()
        pid_file = run / "up.pid"
        pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
        try:
            yield None
        finally:
            pid_file.unlink(missing_ok=True)
