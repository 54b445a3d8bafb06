"""Become a program of the supervisor: ``child.py PID_FILE SIGNAL COMMAND…``.

Writes the process id where the contract promises it, asks the kernel for ``SIGNAL`` should the
parent die without a word (so that nothing outlives the launcher), then turns into the command.
Runs with ``python -I -S`` and imports nothing of ours: it is on the way of each restart.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Write the process id, bind this life to the parent's, exec."""
    pid_file, signal_name, *command = sys.argv[1:]
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, getattr(signal, signal_name), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The parent process ended before this one began.")
    _write(Path(pid_file), f"{os.getpid()}\n")
    os.execvp(command[0], command)  # noqa: S606 - the command is the supervisor's


def _write(path: Path, text: str) -> None:
    """Replace a file at once: who reads it sees the old process id or the new, never half."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="ascii")
    draft.replace(path)


if __name__ == "__main__":
    main()
