"""``manage.py retention``: what age lets go of documents, shown or done."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from typing import Any

from apps.documents.selectors import document_ids
from apps.pipeline.management.operator import OperatorCommand, Said, document_id
from apps.pipeline.retention import Retained, document_retain


class Command(OperatorCommand):
    """Say what the policies let go; with ``--apply``, let it go."""

    help = (
        "Show which automatic versions are let go by their age: all of the last day stay, one an "
        "hour, one a day, one a week after that (VERSION_KEEP_…). Beat does it every hour by "
        "itself. Nothing is written without --apply."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--document", type=document_id, help="one document only")
        parser.add_argument("--apply", action="store_true", help="do it")
        super().add_arguments(parser)

    def answers(self, options: dict[str, Any]) -> Iterator[Said]:
        """Go over the documents."""
        apply: bool = options["apply"]
        chosen = [options["document"]] if options["document"] else document_ids()
        sums = Counter(documents=0, versions=0, dropped=0)
        for each in chosen:
            retained = document_retain(document_id=each, apply=apply)
            sums.update(documents=1, versions=retained.versions, dropped=len(retained.dropped))
            if options["document"] or retained.dropped:
                yield Said(_facts(retained, apply=apply), [_words(retained, apply=apply)])
        words = "{documents} documents, {versions} versions: {dropped} ".format(**sums)
        yield Said({**sums, "applied": apply}, [f"{words}{_verb(apply=apply)}."])


def _facts(retained: Retained, *, apply: bool) -> dict[str, Any]:
    return {
        "document_id": retained.document_id,
        "applied": apply,
        "versions": retained.versions,
        "dropped": retained.dropped,
    }


def _words(retained: Retained, *, apply: bool) -> str:
    dropped = f"{len(retained.dropped)} of {retained.versions} versions {_verb(apply=apply)}"
    return f"{retained.document_id}: {dropped}"


def _verb(*, apply: bool) -> str:
    return "dropped" if apply else "would be dropped"
