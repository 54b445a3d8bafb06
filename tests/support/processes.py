"""The running processes, as the kernel lists them (``/proc``)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PROC = Path("/proc")


@dataclass(frozen=True)
class Running:
    """One process. Its start time distinguishes it from a later one with the same id."""

    pid: int
    born_ticks: int

    @classmethod
    def find(cls, pid: int) -> Self | None:
        """Return a process by its id, None when it has ended."""
        fields = _stat(pid)
        return None if fields is None or fields[0] == "Z" else cls(pid, int(fields[19]))

    @property
    def is_there(self) -> bool:
        """Return whether it is still running."""
        return self.find(self.pid) == self

    @property
    def command(self) -> str:
        """Return its command line, with words separated by blanks."""
        return (_PROC / str(self.pid) / "cmdline").read_text().replace("\0", " ")


def family(pid: int) -> set[Running]:
    """Return a process and its descendants, as far as their parents are running."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))) is not None:
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found: set[Running] = set()
    waiting = [pid]
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, [])
        if (process := Running.find(pid)) is not None:
            found.add(process)
    return found


def with_words(*words: str) -> set[Running]:
    """Return the processes whose command line has all of these words."""
    everything = (Running.find(int(f.name)) for f in _PROC.iterdir() if f.name.isdigit())
    return {one for one in everything if one and all(word in one.command for word in words)}


def _stat(pid: int) -> list[str] | None:
    """Return the fields of ``/proc/PID/stat`` after the name: the state, the parent and so on."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
