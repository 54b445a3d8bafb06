"""Runs management commands one after the other: ``python -m apps.embedded.management_process``.

A command of its own process spends most of its time on Django's start. The arguments are JSON: for
each command the path of its log and its words. A line on standard output says that a command has
ended; the first one that fails ends the process with its exit code.
"""

import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Run the commands of the command line."""
    steps: list[tuple[str, list[str]]] = json.loads(sys.argv[1])
    report = os.dup(sys.stdout.fileno())
    for log, words in steps:
        _redirect_output(Path(log))
        # Django is imported here, so that an error of its start is in the log of the first command.
        from django.core.management import execute_from_command_line

        from config.starting import errors_in_one_line

        with errors_in_one_line():
            execute_from_command_line(["manage.py", *words])
        os.write(report, b"done\n")


def _redirect_output(log: Path) -> None:
    """Write what this process prints from now on to a new log."""
    sys.stdout.flush()
    sys.stderr.flush()
    with log.open("wb") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())


if __name__ == "__main__":
    main()
