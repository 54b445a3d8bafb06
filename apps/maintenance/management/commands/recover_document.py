"""``manage.py recover_document``: load a document and report how (docs/system-flow.md, §9)."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from apps.core.management.operator import (
    OperatorCommand,
    Result,
    document_argument,
    dry_run_argument,
)
from apps.maintenance.integrity.recovery_report import recovery_report


class Command(OperatorCommand):
    """Recover a document as a server that opens it does."""

    help = (
        "Load a document as the next server that opens it does: its snapshot is cached, and "
        "operations that cannot be applied are quarantined."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        document_argument(parser)
        parser.add_argument("--explain", action="store_true", help="show each step and its time")
        dry_run_argument(parser)
        super().add_arguments(parser)

    def results(self, options: dict[str, Any]) -> Iterator[Result]:
        """Rebuild it."""
        explained = recovery_report(document_id=options["document"], dry_run=options["dry_run"])
        facts = explained.facts
        words = _steps(facts) if options["explain"] else []
        words.append(
            f"{facts['document_id']}: recovered up to operation {facts['seq']} "
            f"in {sum(facts['ms'].values()):.1f} ms."
        )
        yield Result(facts, words, explained.problem)


def _steps(facts: dict[str, Any]) -> list[str]:
    processed, snapshot, operations = (
        facts["last_processed_version"],
        facts["snapshot"],
        facts["operations"],
    )
    number = "" if snapshot["number"] is None else f" (version {snapshot['number']})"
    rows = [
        ("last processed version", f"operation {processed['seq']}" if processed else "none"),
        ("  its version vector", _vector(processed["version_vector"]) if processed else "-"),
        *(("passed over", text) for text in facts["passed_over"]),
        ("snapshot", f"operation {snapshot['seq']}, from {snapshot['source']}{number}"),
        ("operations read", str(operations["read"])),
        ("  applied", str(operations["applied"])),
        ("  set aside", str(len(operations["set_aside"]))),
        *((f"    operation {row['seq']}", row["why"]) for row in operations["set_aside"]),
        ("final operation", str(facts["seq"])),
        ("final version vector", _vector(facts["version_vector"])),
        *((f"time: {step}", f"{ms:.2f} ms") for step, ms in facts["ms"].items()),
    ]
    return [f"{name:<30}{value}" for name, value in rows]


def _vector(vector: dict[str, int] | None) -> str:
    if vector is None:
        return "cannot be read"
    return ", ".join(f"{client}: {clock}" for client, clock in vector.items()) or "empty"
