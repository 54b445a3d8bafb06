"""The whole of a document into one file: entity, log, versions, and what is in quarantine."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.accounts.selectors import owners_by_document, users_by_id
from apps.core import clock
from apps.core.errors import ConflictError
from apps.documents.models import Document
from apps.documents.selectors import document_stored
from apps.history.selectors import version_find, version_places
from apps.oplog.base import log_begins
from apps.oplog.quarantine import quarantine_iter
from apps.pipeline.archive import FORMAT, VERSION, Line, archive_write
from apps.pipeline.archive_rows import row_line
from apps.pipeline.check import PROGRESS, OnProgress
from apps.pipeline.replay import LogReplay, replayed
from apps.pipeline.soundness import version_fault


class NotExportableError(ConflictError):
    """What is stored is not sound, and an import would refuse it; no file was written."""

    code = "not_exportable"


@dataclass(slots=True)
class Exported:
    """What is in the file: its lines by kind, and what was left out."""

    document_id: str
    lines: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)


def document_export(
    *, document_id: str, path: Path, dry_run: bool, on_progress: OnProgress
) -> Exported:
    """Write a document's file, all of it held against its log on the way.

    With ``dry_run`` all is read and checked, and no file is made.

    Raises ``DocumentNotFoundError``, ``FileExistsAlreadyError``, ``NotExportableError``,
    ``LogGapError``, ``OSError``, ``PyMongoError``; then there is no file.
    """
    document = document_stored(document_id)
    _check_whole(document_id)
    exported = Exported(document_id)
    with replayed(document_id) as replay:
        writer = _Writer(document, replay, exported, on_progress)
        if dry_run:
            exported.lines = Counter(kind for kind, _ in writer.lines())
        else:
            exported.lines = archive_write(path, writer.lines())
    return exported


def _check_whole(document_id: str) -> None:
    begins = log_begins(document_id=document_id)
    if begins > 1:
        raise NotExportableError(
            f"The log of {document_id} is compacted and begins at operation {begins}; the file has "
            "no form for that. A backup has it.",
            extra={"begins": begins},
        )


class _Writer:
    """Makes the lines of one document, in one pass over its log."""

    def __init__(
        self,
        document: Document,
        replay: LogReplay,
        exported: Exported,
        on_progress: OnProgress,
    ) -> None:
        self._document = document
        self._replay = replay
        self._exported = exported
        self._on_progress = on_progress
        self._authors: set[str] = set()
        self._stops: dict[int, list[int]] = {}
        for seq, number in version_places(document_id=document.id):
            self._stops.setdefault(seq, []).append(number)

    def lines(self) -> Iterator[Line]:
        """Yield all but the last line, which is the file's own."""
        yield "header", _header(self._document)
        aside = set()
        for kept in quarantine_iter(document_id=self._document.id, with_discarded=True):
            aside.add(kept.seq)
            self._authors.add(kept.author_id)
            yield "quarantined", row_line(kept)
        yield from self._versions()
        for operation, error in self._replay.steps():
            if error is not None and operation.seq not in aside:
                raise NotExportableError(
                    f"Operation {operation.seq} cannot be applied: {error.message} "
                    "recover_document puts it into quarantine."
                )
            self._authors.add(operation.author_id)
            yield "operation", row_line(operation)
            yield from self._versions()
            if operation.seq % PROGRESS == 0:
                self._on_progress(self._document.id, operation.seq)
        for seq, numbers in self._stops.items():
            self._exported.left_out += [
                f"version {number}: it is of operation {seq}, the log ends at {self._replay.seq}"
                for number in numbers
            ]
        yield "authors", _usernames(self._authors)

    def _versions(self) -> Iterator[Line]:
        """Yield the versions of this moment."""
        numbers = self._stops.pop(self._replay.seq, [])
        right = self._replay.snapshot() if numbers else None
        for number in numbers:
            version = version_find(document_id=self._document.id, number=number)
            if version is None:
                continue
            fault = version_fault(version, right)
            if fault is not None:
                raise NotExportableError(
                    f"Version {number}: {fault.text} rebuild_document makes it anew."
                )
            self._authors.update(version.author_ids)
            yield "version", row_line(version)


def _header(document: Document) -> dict[str, Any]:
    owner = owners_by_document([document.id]).get(document.id)
    return {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": clock.now().isoformat(),
        "document": {
            "id": document.id,
            "title": document.title,
            "owner": None if owner is None else owner.username,
            "lineage": document.lineage,
            "created_at": document.created_at.isoformat(),
            "updated_at": document.updated_at.isoformat(),
            "trashed_at": document.trashed_at.isoformat() if document.trashed else None,
        },
    }


def _usernames(author_ids: set[str]) -> dict[str, str | None]:
    """Return the username of each author; None for one who has no account (any more)."""
    users = users_by_id(int(each) for each in author_ids if each.isdecimal())
    names = {str(pk): user.username for pk, user in users.items()}
    return {author_id: names.get(author_id) for author_id in sorted(author_ids)}
