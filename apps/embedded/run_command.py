"""Runs a command to its end with its output in a log; shows the end of a log in an error."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.programs import ROOT

#: Lines of a log that an error shows.
TAIL_LINES = 20


def run_logged(
    data_dir: DataDir,
    name: str,
    command: list[str],
    environment: Mapping[str, str] | None = None,
    *,
    directory: Path = ROOT,
) -> None:
    """Run a command to its end, its output in the log ``name``. Raises ``EmbeddedError``."""
    with data_dir.log_file(name).open("wb") as log:
        done = subprocess.run(  # noqa: S603 - our own command
            command, env=environment, cwd=directory, stdout=log, stderr=log, check=False
        )
    if done.returncode != 0:
        raise EmbeddedError(with_log(data_dir, f"`{name}` failed ({done.returncode}).", name))


def with_log(data_dir: DataDir, message: str, name: str) -> str:
    """Return a message with the end of a program's log below it."""
    path = data_dir.log_file(name)
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    tail = "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])
    return f"{message} The end of {path}:\n{tail}" if tail else f"{message} See {path}"
