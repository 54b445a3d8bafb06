"""Executes a program of the supervisor: ``exec_child.py PID_FILE SIGNAL COMMAND…``.

Writes the pid file, asks the kernel to send ``SIGNAL`` if the parent is killed (so that no program
outlives the launcher), and then replaces itself by the command. Runs with ``python -I -S`` and
imports nothing of the product, because each restart of a program waits for it.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Write the pid file, bind this process to its parent, and execute the command."""
    pid_file, signal_name, *command = sys.argv[1:]
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, getattr(signal, signal_name), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The parent process ended before this one began.")
    _write(Path(pid_file), f"{os.getpid()}\n")
    os.execvp(command[0], command)  # noqa: S606 - the command is the supervisor's


def _write(path: Path, text: str) -> None:
    """Replace a file atomically: a reader sees the old process id or the new one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="ascii")
    draft.replace(path)


if __name__ == "__main__":
    main()
