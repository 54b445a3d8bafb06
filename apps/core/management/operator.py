"""The base of the operators' commands: text or JSON output, progress, exit codes."""

import argparse
import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.api.errors import STORAGE_ERRORS
from apps.core.errors import AppError
from apps.core.ids import is_id

#: Exit codes: the command found a problem; the command failed.
EXIT_DAMAGED = 1
EXIT_FAILED = 2

EXIT_CODES_HELP = (
    "Exit codes: 0 done without a problem, 1 done with a problem for an operator, 2 not done (the "
    "reason is on stderr) and nothing was changed."
)


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a command: ``facts`` for ``--json``, ``lines`` for people.

    ``problem`` is what an operator has to look at; then the command exits with ``EXIT_DAMAGED``.
    """

    facts: dict[str, Any]
    lines: list[str]
    problem: str = ""


class OperatorCommand(BaseCommand):
    """A command that prints text, or with ``--json`` lines of JSON."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Add the exit codes to the help."""
        return super().create_parser(prog_name, subcommand, epilog=EXIT_CODES_HELP, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare ``--json``."""
        parser.add_argument("--json", action="store_true", help="lines of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each result at once."""
        problems = []
        try:
            for result in self.results(options):
                self._print(result, as_json=options["json"])
                if result.problem:
                    problems.append(result.problem)
        except AppError as err:
            self._fail(err.code, err.message, err.extra, as_json=options["json"])
        except STORAGE_ERRORS as err:
            text = f"A storage service is unavailable, try again later: {err}"
            self._fail("unavailable", text, {}, as_json=options["json"])
        except OSError as err:
            self._fail("file", str(err), {}, as_json=options["json"])
        if problems:
            raise CommandError(" ".join(problems), returncode=EXIT_DAMAGED)

    def results(self, options: dict[str, Any]) -> Iterator[Result]:
        """Do the work; yield its results."""
        raise NotImplementedError

    def progress(self, document_id: str, operations: int) -> None:
        """Report the progress of a long replay on stderr."""
        self.stderr.write(f"{document_id}: {operations:,} operations …", style_func=str)

    def _print(self, result: Result, *, as_json: bool) -> None:
        for line in [json.dumps(result.facts)] if as_json else result.lines:
            self.stdout.write(line)
        self.stdout.flush()

    def _fail(self, code: str, text: str, extra: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"error": {"code": code, "detail": text, "extra": extra}}))
        raise CommandError(text, returncode=EXIT_FAILED)


def document_argument(parser: ArgumentParser, **options: Any) -> None:
    """Declare the argument ``document``, a document's id."""
    parser.add_argument("document", type=document_id, help="the document's id", **options)


def dry_run_argument(parser: ArgumentParser) -> None:
    """Declare ``--dry-run``."""
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")


def document_id(text: str) -> str:
    """Parse a document's id."""
    if not is_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a document's id (a UUID).")
    return text


def positive(text: str) -> int:
    """Parse a positive number."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on.")
    return int(text)
