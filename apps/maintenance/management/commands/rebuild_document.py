"""``manage.py rebuild_document``: make what follows from a document's log anew from it."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from apps.core.management.operator import (
    Answer,
    OperatorCommand,
    document_argument,
    dry_run_argument,
)
from apps.maintenance.integrity.repair import Repaired, document_rebuild
from apps.maintenance.integrity.verify import FaultList


class Command(OperatorCommand):
    """Put right what verify_documents finds, where the log says how."""

    help = (
        "Make snapshots, head, marks, cache and version vectors that are not what the log makes "
        "anew from it. The operations are never touched; people may write meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        document_argument(parser)
        dry_run_argument(parser)
        super().add_arguments(parser)

    def answers(self, options: dict[str, Any]) -> Iterator[Answer]:
        """Rebuild it."""
        rebuilt = document_rebuild(
            document_id=options["document"],
            dry_run=options["dry_run"],
            on_progress=self.progress,
        )
        left = sum(rebuilt.left.counts.values())
        complaint = f"{left} things remain that no log can put right." if left else ""
        yield Answer(_facts(rebuilt), _words(rebuilt), complaint)


def _facts(rebuilt: Repaired) -> dict[str, Any]:
    return {
        "document_id": rebuilt.document_id,
        "dry_run": rebuilt.dry_run,
        "operations": rebuilt.operations,
        "done": _told(rebuilt.done),
        "left": _told(rebuilt.left),
    }


def _told(told: FaultList) -> dict[str, Any]:
    return {"faults": [fault.as_dict() for fault in told.faults], "untold": told.untold}


def _words(rebuilt: Repaired) -> list[str]:
    done, left = sum(rebuilt.done.counts.values()), sum(rebuilt.left.counts.values())
    verb = "would be put right" if rebuilt.dry_run else "put right"
    sums = f"{rebuilt.operations} operations replayed, {done} {verb}, {left} remain."
    return [
        *(f"  {fault.text} {fault.deed}" for fault in rebuilt.done.faults),
        *_more(rebuilt.done),
        *(f"  remains: {fault.text}" for fault in rebuilt.left.faults),
        *_more(rebuilt.left),
        f"{rebuilt.document_id}: {sums}",
    ]


def _more(told: FaultList) -> list[str]:
    return [f"  … and {count} more of {code}" for code, count in told.untold.items()]
