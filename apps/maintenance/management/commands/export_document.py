"""``manage.py export_document``: a document as one file."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apps.core.management.operator import (
    OperatorCommand,
    Result,
    document_argument,
    dry_run_argument,
)
from apps.maintenance.archive.exporter import archive_export


class Command(OperatorCommand):
    """Write a document's log, versions, quarantine and files into a file for import_document."""

    help = (
        "Write a document into one file that only its owner can read: the log, the versions, the "
        "quarantine. Everything is checked first; people may write meanwhile. The file does not "
        "say with whom the document is shared."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        document_argument(parser)
        parser.add_argument("file", type=Path, help="the file to write")
        dry_run_argument(parser)
        super().add_arguments(parser)

    def results(self, options: dict[str, Any]) -> Iterator[Result]:
        """Export it."""
        exported = archive_export(
            document_id=options["document"],
            path=options["file"],
            dry_run=options["dry_run"],
            on_progress=self.progress,
        )
        facts = {
            "document_id": exported.document_id,
            "file": str(options["file"]),
            "dry_run": options["dry_run"],
            "operations": exported.lines["operation"],
            "packed": exported.lines["packed"],
            "versions": exported.lines["version"],
            "quarantined": exported.lines["quarantined"],
            "files": exported.lines["file"],
            "left_out": exported.left_out,
        }
        verb = "would go" if options["dry_run"] else "are"
        words = (
            f"{facts['operations']} operations, {facts['versions']} versions, "
            f"{facts['files']} files and {facts['quarantined']} in quarantine {verb} in "
            f"{facts['file']}."
        )
        problem = "Some versions or files were left out of the file." if exported.left_out else ""
        yield Result(
            facts, [*(f"  left out: {version}" for version in exported.left_out), words], problem
        )
