"""Management commands at the start: all of them in one process, each with a step and a log."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO, cast

from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.plan import Command, Step
from apps.embedded.programs import ROOT
from apps.embedded.run_command import with_log


def run_management_commands(
    data_dir: DataDir, commands: Sequence[Command], environment: Mapping[str, str], step: Step
) -> None:
    """Run commands to their end, in order. Raises ``EmbeddedError`` for the first that fails."""
    logs = [str(data_dir.log_file(words[0])) for _, words in commands]
    steps = json.dumps([(log, words) for log, (_, words) in zip(logs, commands, strict=True)])
    process = subprocess.Popen(  # noqa: S603 - our own commands
        [sys.executable, "-m", "apps.embedded.management_process", steps],
        env=dict(environment),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    with process:
        reports = cast("IO[bytes]", process.stdout)
        try:
            for title, words in commands:
                with step(title):
                    if not reports.readline():
                        _fail(data_dir, words[0], process.wait())
            if process.wait() != 0:
                _fail(data_dir, commands[-1][1][0], process.returncode)
        except BaseException:
            process.kill()
            raise


def _fail(data_dir: DataDir, name: str, exit_code: int) -> None:
    raise EmbeddedError(with_log(data_dir, f"`{name}` failed ({exit_code}).", name))
