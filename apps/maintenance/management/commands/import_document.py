"""``manage.py import_document``: import a document from a file of export_document."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apps.core.management.operator import OperatorCommand, Result, dry_run_argument
from apps.maintenance.archive.importer import archive_import


class Command(OperatorCommand):
    """Check a document's file, and store the document."""

    help = (
        "Store the document of a file of export_document. The whole file is checked first: its log "
        "is replayed and every version compared with the replay. The document is visible once all "
        "of it is stored. An import that was killed continues when it is repeated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", type=Path, help="a file of export_document")
        parser.add_argument(
            "--owner", metavar="USERNAME", help="the new owner, if it is another user"
        )
        parser.add_argument(
            "--new-id", action="store_true", help="as a copy, beside the document of the file"
        )
        dry_run_argument(parser)
        super().add_arguments(parser)

    def results(self, options: dict[str, Any]) -> Iterator[Result]:
        """Import it."""
        imported = archive_import(
            path=options["file"],
            owner_name=options["owner"],
            new_id=options["new_id"],
            dry_run=options["dry_run"],
            on_progress=self.progress,
        )
        facts = {
            "document_id": imported.document_id,
            "title": imported.title,
            "owner": imported.owner,
            "dry_run": options["dry_run"],
            "operations": imported.lines["operation"],
            "packed": imported.lines["packed"],
            "versions": imported.lines["version"],
            "quarantined": imported.lines["quarantined"],
            "files": imported.lines["file"],
            "unknown_authors": imported.unknown_authors,
        }
        verb = "would be" if options["dry_run"] else "is"
        notes = [
            f"  {name} has no account here: their edits get no author."
            for name in imported.unknown_authors
        ]
        words = (
            f"“{imported.title}” {verb} document {imported.document_id} of {imported.owner}: "
            f"{facts['operations']} operations, {facts['versions']} versions, "
            f"{facts['quarantined']} in quarantine, {facts['files']} files."
        )
        yield Result(facts, [*notes, words])
