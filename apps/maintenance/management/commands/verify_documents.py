"""``manage.py verify_documents``: compare all that is stored of documents with their logs."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from typing import Any

from apps.core.management.operator import OperatorCommand, Result, document_id, positive
from apps.maintenance.integrity.faults import Fault
from apps.maintenance.integrity.verify import Report, document_verify
from apps.maintenance.selectors import documents_chosen


class Command(OperatorCommand):
    """Check documents for damage; nothing is written."""

    help = (
        "Replay the logs of documents and compare everything with the replay: seqs without a gap, "
        "unique ids, version vectors, every snapshot, the heads, the watermarks of Kafka and of "
        "the workers; the bytes of files with their hashes. Reads only; people may write meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument(
            "documents", nargs="*", type=document_id, default=[], help="ids; all when left out"
        )
        chosen.add_argument("--sample", type=positive, metavar="N", help="N documents at random")
        super().add_arguments(parser)

    def results(self, options: dict[str, Any]) -> Iterator[Result]:
        """Check the documents one after the other."""
        sums: Counter[str] = Counter(documents=0, operations=0, versions=0, files=0, damaged=0)
        chosen = options["documents"] or documents_chosen(sample=options["sample"])
        for chosen_id in chosen:
            report = document_verify(document_id=chosen_id, on_progress=self.progress)
            sums["documents"] += 1
            sums["operations"] += report.operations
            sums["versions"] += report.versions
            sums["files"] += report.files
            sums["damaged"] += bool(report.found.faults)
            yield Result(_facts(report), _lines(report))
        words = "{documents} documents, {operations} operations, {versions} versions, {files} "
        words = words.format(**sums) + f"files: {sums['damaged']} damaged."
        problem = "See above; rebuild_document repairs what is derived from the log."
        yield Result(dict(sums), [words], problem if sums["damaged"] else "")


def _facts(report: Report) -> dict[str, Any]:
    return {
        "document_id": report.document_id,
        "operations": report.operations,
        "versions": report.versions,
        "files": report.files,
        "faults": [fault.as_dict() for fault in report.found.faults],
        "untold": report.found.unlisted,
        "notes": report.notes,
    }


def _lines(report: Report) -> list[str]:
    state = "DAMAGED" if report.found.faults else "ok"
    sums = f"{report.operations} operations, {report.versions} versions, {report.files} files"
    return [
        f"{report.document_id}  {state:<8}{sums}",
        *map(fault_line, report.found.faults),
        *(f"  … and {count} more of {code}" for code, count in report.found.unlisted.items()),
        *(f"  note: {note}" for note in report.notes),
    ]


def fault_line(fault: Fault) -> str:
    """Return a fault as a line of a report."""
    return f"  {fault.code}: {fault.text}"
