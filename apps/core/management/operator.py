"""What all commands for a person in trouble share: two ways to print, progress, exit codes."""

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

#: Exit codes: something is wrong with what is stored; the command could not do its work.
DAMAGE = 1
FAILED = 2

EXIT_CODES = (
    "Exit codes: 0 done and all is well, 1 done and something needs a person, 2 not done (the "
    "reason is on stderr) and nothing was changed."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One piece of an answer: ``facts`` for programs, ``words`` for people.

    ``complaint`` says what needs a person; then the command ends with ``DAMAGE``.
    """

    facts: dict[str, Any]
    words: list[str]
    complaint: str = ""


class OperatorCommand(BaseCommand):
    """A command that answers in words, or with ``--json`` in lines of JSON."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Tell the exit codes below the options."""
        return super().create_parser(prog_name, subcommand, epilog=EXIT_CODES, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare ``--json``."""
        parser.add_argument("--json", action="store_true", help="lines of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what ``answers`` yields, as it comes."""
        complaints = []
        try:
            for said in self.answers(options):
                self._print(said, as_json=options["json"])
                if said.complaint:
                    complaints.append(said.complaint)
        except AppError as err:
            self._fail(err.code, err.message, err.extra, as_json=options["json"])
        except STORAGE_ERRORS as err:
            text = f"A storage service is away, try again when it is back: {err}"
            self._fail("unavailable", text, {}, as_json=options["json"])
        except OSError as err:
            self._fail("file", str(err), {}, as_json=options["json"])
        if complaints:
            raise CommandError(" ".join(complaints), returncode=DAMAGE)

    def answers(self, options: dict[str, Any]) -> Iterator[Answer]:
        """Do the work; yield what is to be said about it."""
        raise NotImplementedError

    def progress(self, document_id: str, operations: int) -> None:
        """Tell on stderr how far a long replay has come."""
        self.stderr.write(f"{document_id}: {operations:,} operations …", style_func=str)

    def _print(self, said: Answer, *, as_json: bool) -> None:
        for line in [json.dumps(said.facts)] if as_json else said.words:
            self.stdout.write(line)
        self.stdout.flush()

    def _fail(self, code: str, text: str, extra: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"error": {"code": code, "detail": text, "extra": extra}}))
        raise CommandError(text, returncode=FAILED)


def document_argument(parser: ArgumentParser, **options: Any) -> None:
    """Declare the argument ``document``, a document's id."""
    parser.add_argument("document", type=document_id, help="the document's id", **options)


def dry_run_argument(parser: ArgumentParser) -> None:
    """Declare ``--dry-run``."""
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")


def document_id(text: str) -> str:
    """Read a document's id from the command line."""
    if not is_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a document's id (a UUID).")
    return text


def positive(text: str) -> int:
    """Read a number from 1 on from the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on.")
    return int(text)
