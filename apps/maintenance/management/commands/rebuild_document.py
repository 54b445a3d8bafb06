"""``manage.py rebuild_document``: rebuild from a document's log what is derived from it."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from apps.core.management.operator import (
    OperatorCommand,
    Result,
    document_argument,
    dry_run_argument,
)
from apps.maintenance.integrity.repair import Repaired, document_rebuild
from apps.maintenance.integrity.verify import FaultList


class Command(OperatorCommand):
    """Repair what verify_documents finds, where the log has the answer."""

    help = (
        "Rebuild snapshots, head, watermarks, cache and version vectors that differ from a replay "
        "of the log, and the excerpt. The operations are never changed; people may write meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        document_argument(parser)
        dry_run_argument(parser)
        super().add_arguments(parser)

    def results(self, options: dict[str, Any]) -> Iterator[Result]:
        """Rebuild it."""
        rebuilt = document_rebuild(
            document_id=options["document"],
            dry_run=options["dry_run"],
            on_progress=self.progress,
        )
        left = sum(rebuilt.left.counts.values())
        problem = f"{left} faults remain that the log cannot repair." if left else ""
        yield Result(_facts(rebuilt), _lines(rebuilt), problem)


def _facts(rebuilt: Repaired) -> dict[str, Any]:
    return {
        "document_id": rebuilt.document_id,
        "dry_run": rebuilt.dry_run,
        "operations": rebuilt.operations,
        "done": _fault_facts(rebuilt.done),
        "left": _fault_facts(rebuilt.left),
    }


def _fault_facts(faults: FaultList) -> dict[str, Any]:
    return {"faults": [fault.as_dict() for fault in faults.faults], "untold": faults.unlisted}


def _lines(rebuilt: Repaired) -> list[str]:
    done, left = sum(rebuilt.done.counts.values()), sum(rebuilt.left.counts.values())
    verb = "would be repaired" if rebuilt.dry_run else "repaired"
    sums = f"{rebuilt.operations} operations replayed, {done} {verb}, {left} remain."
    return [
        *(f"  {fault.text} {fault.repair_text}" for fault in rebuilt.done.faults),
        *_more(rebuilt.done),
        *(f"  remains: {fault.text}" for fault in rebuilt.left.faults),
        *_more(rebuilt.left),
        f"{rebuilt.document_id}: {sums}",
    ]


def _more(faults: FaultList) -> list[str]:
    return [f"  … and {count} more of {code}" for code, count in faults.unlisted.items()]
