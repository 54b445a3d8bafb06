"""Commands for operators, run as an operator runs them."""

import io
import json
from dataclasses import dataclass
from typing import Any

from bson import json_util
from django.core.management import CommandError, call_command

from apps.documents.models import document_rows
from apps.history.last_processed import processed_rows
from apps.history.models import version_rows
from apps.history.snapshot_cache import snapshot_find
from apps.oplog.models import operation_rows, quarantine_rows


@dataclass(frozen=True)
class Done:
    """What a command printed with ``--json``, and how it ended."""

    code: int
    printed: list[dict[str, Any]]
    error: str

    @property
    def only(self) -> dict[str, Any]:
        """Return the one line that it printed."""
        [line] = self.printed
        return line


def run(*words: object) -> Done:
    """Run a command with ``--json``."""
    printed = io.StringIO()
    code, error = 0, ""
    try:
        call_command(*map(str, words), "--json", stdout=printed, stderr=io.StringIO())
    except CommandError as err:
        code, error = err.returncode, str(err)
    return Done(code, [json.loads(line) for line in printed.getvalue().splitlines()], error)


def run_in_words(*words: object) -> str:
    """Run a command that must succeed; return its text output."""
    printed = io.StringIO()
    call_command(*map(str, words), stdout=printed, stderr=printed)
    return printed.getvalue()


def stored(document_id: str) -> str:
    """Return all stored rows of a document as text, for comparison."""
    wanted = {"document_id": document_id}
    rows = [
        list(document_rows().find({"_id": document_id})),
        list(operation_rows().find(wanted).sort("_id", 1)),
        list(version_rows().find(wanted).sort("_id", 1)),
        list(processed_rows().find({"_id": document_id})),
        list(quarantine_rows().find(wanted).sort("_id", 1)),
        snapshot_find(document_id=document_id),
    ]
    return str(json_util.dumps(rows))
