"""``manage.py retention``: show or apply the retention policies of documents."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from apps.attachments.selectors import StoredAttachment
from apps.core.management.operator import OperatorCommand, Result, document_id
from apps.core.sizes import size_text
from apps.documents.selectors import document_ids
from apps.maintenance.retention import Retained, document_retain


class Command(OperatorCommand):
    """Show what the retention policies drop; with ``--apply``, drop it."""

    help = (
        "Show what the retention policies drop: automatic versions (all of the last day stay, then "
        "one an hour, one a day, one a week: VERSION_KEEP_…), where it is allowed, operations "
        "that a checked version replaces (COMPACT_AFTER_DAYS), and files that nothing in the "
        "history has needed for ATTACHMENT_FREE_AFTER_S. Beat applies the policies every "
        "hour. Nothing is written without --apply."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--document", type=document_id, help="one document only")
        parser.add_argument("--apply", action="store_true", help="do it")
        super().add_arguments(parser)

    def results(self, options: dict[str, Any]) -> Iterator[Result]:
        """Apply the policy of each document."""
        apply: bool = options["apply"]
        chosen = [options["document"]] if options["document"] else document_ids()
        sums = Counter(documents=0, versions=0, dropped=0, packed=0, operations=0)
        sums.update(files=0, files_waiting=0)
        for chosen_id in chosen:
            retained = document_retain(document_id=chosen_id, apply=apply)
            facts = _facts(retained, apply=apply)
            sums.update(
                documents=1,
                versions=retained.versions,
                dropped=len(retained.dropped),
                packed=retained.log.packed if retained.log else 0,
                operations=retained.log.dropped if retained.log else 0,
                files=len(retained.files.freed),
                files_waiting=len(retained.files.waiting),
            )
            if options["document"] or retained.has_changes:
                yield Result(facts, _lines(retained, apply=apply), _refused(retained))
        yield Result({**sums, "applied": apply}, [_sums(sums, apply=apply)])


def _facts(retained: Retained, *, apply: bool) -> dict[str, Any]:
    return {
        "document_id": retained.document_id,
        "applied": apply,
        "versions": retained.versions,
        "dropped": retained.dropped,
        "log": None if retained.log is None else asdict(retained.log),
        "refused": retained.refused,
        "files": [_file(attachment) for attachment in retained.files.freed],
        "files_waiting": len(retained.files.waiting),
        "files_refused": retained.files_refused,
    }


def _file(attachment: StoredAttachment) -> dict[str, Any]:
    return {"id": attachment.id, "name": attachment.name, "size": attachment.size}


def _refused(retained: Retained) -> str:
    return " ".join(filter(None, (retained.refused, retained.files_refused)))


def _lines(retained: Retained, *, apply: bool) -> list[str]:
    verb = "" if apply else "would be "
    words = f"{len(retained.dropped)} of {retained.versions} versions {verb}dropped"
    lines = [f"{retained.document_id}: {words}"]
    log = retained.log
    if log is None:
        lines.append(f"  not compacted: {retained.refused}")
    elif log.begins > 1:
        lines.append(
            f"  the log {'begins' if apply else 'would begin'} at operation {log.begins}: "
            f"{log.packed} operations {verb}packed, {log.dropped} {verb}deleted"
        )
    files = retained.files
    lines += [
        f"  file {verb}freed: {attachment.name} ({size_text(attachment.size)}, {attachment.id})"
        for attachment in files.freed
    ]
    if files.waiting:
        size = size_text(sum(attachment.size for attachment in files.waiting))
        lines.append(f"  {len(files.waiting)} files ({size}) are unused, and wait")
    if retained.files_refused:
        lines.append(f"  no file {verb}freed: {retained.files_refused}")
    return lines


def _sums(sums: Counter[str], *, apply: bool) -> str:
    verb = "" if apply else "would be "
    return (
        f"{sums['documents']} documents, {sums['versions']} versions: {sums['dropped']} "
        f"{verb}dropped; {sums['packed']} operations {verb}packed, {sums['operations']} "
        f"{verb}deleted; {sums['files']} files {verb}freed, {sums['files_waiting']} unused "
        "ones wait."
    )
