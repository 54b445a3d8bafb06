"""``manage.py quarantine``: list, show, release or discard quarantined operations."""

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
from apps.maintenance.quarantine_release import quarantine_release
from apps.oplog.quarantine import (
    Quarantined,
    quarantine_discard,
    quarantine_get,
    quarantine_iter,
)


class Command(OperatorCommand):
    """List, show, release or discard quarantined operations."""

    help = (
        "Operations and edits that cannot be applied are quarantined, so that their documents stay "
        "usable. Nothing of them is deleted unless you discard it."
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
        for action in (show, release, discard):
            action.add_argument("id", help="as 'quarantine list' shows it")
        for action in (release, discard):
            dry_run_argument(action)
        for action in (listing, show, release, discard):
            super().add_arguments(action)

    def results(self, options: dict[str, Any]) -> Iterator[Result]:
        """Run one of the actions."""
        if options["action"] == "list":
            return self._list(options["document"], with_discarded=options["all"])
        kept = quarantine_get(options["id"])
        if options["action"] == "show":
            return _show(kept)
        if options["action"] == "discard":
            return _discard(kept, dry_run=options["dry_run"])
        return self._release(kept, dry_run=options["dry_run"])

    def _list(self, document: str | None, *, with_discarded: bool) -> Iterator[Result]:
        count = 0
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
