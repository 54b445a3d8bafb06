"""``manage.py quarantine``: list, show, release or discard operations; rebuild documents."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from apps.core import base64
from apps.core.management.operator import (
    OperatorCommand,
    Result,
    document_id,
    dry_run_argument,
)
from apps.crdt.codec.update_reader import inserted_text
from apps.maintenance.quarantine_rebuild import quarantine_rebuild
from apps.maintenance.quarantine_release import quarantine_release
from apps.oplog.document_quarantine import QuarantinedDocument, quarantined_documents
from apps.oplog.quarantine import (
    Quarantined,
    quarantine_discard,
    quarantine_get,
    quarantine_iter,
)


class Command(OperatorCommand):
    """List, show, release or discard quarantined operations; rebuild quarantined documents."""

    help = (
        "Operations and edits that cannot be applied are quarantined, so that their documents stay "
        "usable, and so are documents whose load takes too long or ends the process. Nothing of "
        "them is deleted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="what is in quarantine")
        listing.add_argument("--document", type=document_id, help="of one document only")
        listing.add_argument("--all", action="store_true", help="the discarded ones, too")
        show = actions.add_parser("show", help="all facts of one, and its text")
        release = actions.add_parser("release", help="apply it to its document")
        discard = actions.add_parser(
            "discard", help="give it up: still stored, but no longer listed"
        )
        rebuild = actions.add_parser(
            "rebuild", help="find the operations that make the load of a document fail, and open it"
        )
        rebuild.add_argument("id", type=document_id, help="the document")
        for action in (show, release, discard):
            action.add_argument("id", help="as 'quarantine list' shows it")
        for action in (release, discard, rebuild):
            dry_run_argument(action)
        for action in (listing, show, release, discard, rebuild):
            super().add_arguments(action)

    def results(self, options: dict[str, Any]) -> Iterator[Result]:
        """Run one of the actions."""
        if options["action"] == "list":
            return self._list(options["document"], with_discarded=options["all"])
        if options["action"] == "rebuild":
            return _rebuild(options["id"], dry_run=options["dry_run"])
        kept = quarantine_get(options["id"])
        if options["action"] == "show":
            return _show(kept)
        if options["action"] == "discard":
            return _discard(kept, dry_run=options["dry_run"])
        return self._release(kept, dry_run=options["dry_run"])

    def _list(self, document: str | None, *, with_discarded: bool) -> Iterator[Result]:
        count = 0
        for listed in quarantined_documents(document_id=document):
            count += 1
            moment = listed.set_aside_at.strftime("%Y-%m-%d %H:%M:%S")
            yield Result(
                _document_facts(listed),
                [f"{listed.document_id}  {moment}  {listed.reason}: {listed.detail}"],
            )
        for kept in quarantine_iter(document_id=document, with_discarded=with_discarded):
            count += 1
            mark = "  (discarded)" if kept.discarded else ""
            moment = kept.set_aside_at.strftime("%Y-%m-%d %H:%M:%S")
            yield Result(_facts(kept), [f"{kept.id}  {moment}  {kept.reason}: {kept.detail}{mark}"])
        yield Result({"count": count}, [f"{count} in quarantine." if count else "Nothing."])

    def _release(self, kept: Quarantined, *, dry_run: bool) -> Iterator[Result]:
        released = quarantine_release(kept, dry_run=dry_run, on_progress=self.progress)
        facts = {
            "id": kept.id,
            "seq": released.seq,
            "dry_run": dry_run,
            "done": [fault.as_dict() for fault in released.done],
        }
        verb = "would be" if dry_run else "is"
        repairs = [f"  {fault.text} {fault.repair_text}" for fault in released.done]
        yield Result(
            facts, [*repairs, f"{kept.id} {verb} operation {released.seq} of its document."]
        )


def _rebuild(document: str, *, dry_run: bool) -> Iterator[Result]:
    rebuilt = quarantine_rebuild(document_id=document, dry_run=dry_run)
    verb = "would be" if dry_run else "are"
    facts = {
        "id": rebuilt.document_id,
        "reason": rebuilt.reason,
        "dry_run": dry_run,
        "skipped": rebuilt.skipped,
        "versions": rebuilt.versions,
    }
    seqs = ", ".join(map(str, rebuilt.skipped)) or "no operation"
    yield Result(
        facts,
        [f"{document} loads without these operations, which {verb} in quarantine: {seqs}."],
    )


def _document_facts(listed: QuarantinedDocument) -> dict[str, Any]:
    return {
        "id": listed.document_id,
        "document_id": listed.document_id,
        "reason": listed.reason,
        "detail": listed.detail,
        "deaths": listed.deaths,
        "set_aside_at": listed.set_aside_at.isoformat(),
    }


def _show(kept: Quarantined) -> Iterator[Result]:
    facts = {
        **_facts(kept),
        "text": inserted_text(kept.update),
        "update": base64.encode(kept.update),
    }
    yield Result(facts, [f"{name:<15}{value}" for name, value in facts.items()])


def _discard(kept: Quarantined, *, dry_run: bool) -> Iterator[Result]:
    if not dry_run:
        quarantine_discard(kept.id)
    verb = "would be discarded" if dry_run else "discarded"
    yield Result({"id": kept.id, "dry_run": dry_run}, [f"{kept.id} {verb}."])


def _facts(kept: Quarantined) -> dict[str, Any]:
    return {
        "id": kept.id,
        "document_id": kept.document_id,
        "seq": kept.seq,
        "unique_id": kept.unique_id,
        "author_id": kept.author_id,
        "received_at": kept.received_at.isoformat(),
        "set_aside_at": kept.set_aside_at.isoformat(),
        "reason": kept.reason,
        "detail": kept.detail,
        "discarded": kept.discarded,
        "size": len(kept.update),
    }
