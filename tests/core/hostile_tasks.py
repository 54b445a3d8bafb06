"""Tasks of a hostile caller, for child processes."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from apps.core.errors import ConflictError


def identity(value: object) -> object:
    """Return the value."""
    return value


def pid() -> int:
    """Return the id of the process."""
    return os.getpid()


def die_of_any(*_args: object) -> None:
    """Die as by a crash of a library, whatever the task is."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(path: str) -> None:
    """Announce this process, then never return."""
    announce(path)
    while True:
        time.sleep(1)


def hang_deaf(path: str) -> None:
    """Never return, and do not hear SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    hang(path)


def eat_memory() -> int:
    """Allocate without end."""
    return len([bytearray(1 << 20) for _ in range(1 << 20)])


def answer_long(count: int) -> bytes:
    """Return many bytes."""
    return bytes(count)


def die(number: int) -> None:
    """End this process by a signal."""
    os.kill(os.getpid(), number)
    signal.pause()


def leave() -> None:
    """End this process as if all were well."""
    os._exit(0)


def refuse() -> None:
    """Raise an error of the product."""
    raise ConflictError("No.", code="own_code", extra={"a": 1})


def break_down() -> None:
    """Raise an error that nobody expects."""
    raise BaseException("as a panic does")


def announce(path: str) -> None:
    """Write the id of this process into a file, in one piece."""
    part = Path(path).with_suffix(".part")
    part.write_text(str(os.getpid()))
    part.rename(path)


def instead(task: Callable[[], object], *_: object, **__: object) -> object:
    """Run a hostile task in the place of an honest one."""
    return task()
