"""``manage.py export_document``: the whole of a document as one file."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apps.core.management.operator import (
    Answer,
    OperatorCommand,
    document_argument,
    dry_run_argument,
)
from apps.maintenance.archive.exporter import archive_export


class Command(OperatorCommand):
    """Write a document's log, versions and quarantine into a file for import_document."""

    help = (
        "Write the whole of a document into one file, which is readable for its owner only: the "
        "log, the versions, what is in quarantine. All of it is checked on the way; people may "
        "write meanwhile. Who it is shared with is not in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        document_argument(parser)
        parser.add_argument("file", type=Path, help="the file to be made")
        dry_run_argument(parser)
        super().add_arguments(parser)

    def answers(self, options: dict[str, Any]) -> Iterator[Answer]:
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
            "left_out": exported.left_out,
        }
        verb = "would go" if options["dry_run"] else "are"
        words = (
            f"{facts['operations']} operations, {facts['versions']} versions and "
            f"{facts['quarantined']} in quarantine {verb} in {facts['file']}."
        )
        complaint = "Not all of it could go into the file." if exported.left_out else ""
        yield Answer(
            facts, [*(f"  left out: {one}" for one in exported.left_out), words], complaint
        )
