"""``manage.py pipeline_status``: the progress of Kafka, the workers and the snapshots."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.ids import is_id
from apps.pipeline.selectors import Status, status_list


class Command(BaseCommand):
    """Show head, published, processed, lag and last snapshot, per document or in sum."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("document", nargs="?", help="one document's id; all when left out")
        parser.add_argument("--sum", action="store_true", help="only the sums")
        parser.add_argument("--json", action="store_true", help="lines of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the table."""
        document_id: str | None = options["document"]
        if document_id is not None and not is_id(document_id):
            raise CommandError(f"{document_id!r} is not a document's id (a UUID).")
        rows = list(status_list(document_id=document_id))
        if document_id is not None and not rows:
            raise CommandError(f"There is no document {document_id}.")
        if options["json"]:
            self._print_json(rows, sums_only=options["sum"])
        else:
            self._print_table(rows, sums_only=options["sum"])

    def _print_json(self, rows: list[Status], *, sums_only: bool) -> None:
        for row in [] if sums_only else rows:
            self.stdout.write(json.dumps({**asdict(row), "lag": row.lag}))
        self.stdout.write(json.dumps(_sums(rows)))

    def _print_table(self, rows: list[Status], *, sums_only: bool) -> None:
        head = ("document", "head", "published", "processed", "lag", "snapshot")
        line = "{:<38}{:>9}{:>11}{:>11}{:>7}{:>10}  {}"
        self.stdout.write(line.format(*head, "title"))
        for row in [] if sums_only else rows:
            self.stdout.write(
                line.format(
                    row.document_id,
                    row.head,
                    row.published,
                    row.processed,
                    row.lag,
                    row.snapshot,
                    row.title,
                )
            )
        sums = _sums(rows)
        self.stdout.write(
            f"{sums['documents']} documents, {sums['operations']} operations, "
            f"{sums['unpublished']} unpublished, lag {sums['lag']}"
        )


def _sums(rows: list[Status]) -> dict[str, int]:
    return {
        "documents": len(rows),
        "operations": sum(row.head for row in rows),
        "unpublished": sum(row.head - row.published for row in rows),
        "lag": sum(row.lag for row in rows),
    }
