"""The whole of a document into one file: entity, log, versions, and what is in quarantine."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.accounts.selectors import owners_by_document, users_by_id
from apps.core import base64, clock
from apps.core.errors import ConflictError
from apps.documents.models import Document
from apps.documents.selectors import document_stored
from apps.history.selectors import version_find, version_infos
from apps.history.snapshot import Snapshot
from apps.maintenance.archive.codec import history_line, row_line
from apps.maintenance.archive.file import FORMAT, VERSION, VERSION_COMPACTED, Line, archive_write
from apps.maintenance.integrity.document_check import PROGRESS_OPERATIONS, OnProgress
from apps.maintenance.integrity.log_replay import LogReplay, replayed
from apps.maintenance.integrity.snapshot_check import version_fault
from apps.oplog.compaction_point import CompactionPoint, compacted_iter, compaction_point_find
from apps.oplog.quarantine import quarantine_iter


class NotExportableError(ConflictError):
    """What is stored is not sound, and an import would refuse it; no file was written."""

    code = "not_exportable"


@dataclass(slots=True)
class Exported:
    """What is in the file: its lines by kind, and what was left out."""

    document_id: str
    lines: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)


def archive_export(
    *, document_id: str, path: Path, dry_run: bool, on_progress: OnProgress
) -> Exported:
    """Write a document's file, all of it held against its log on the way.

    With ``dry_run`` all is read and checked, and no file is made.

    Raises ``DocumentNotFoundError``, ``FileExistsAlreadyError``, ``NotExportableError``,
    ``LogGapError``, ``OSError``, ``PyMongoError``; then there is no file.
    """
    document = document_stored(document_id)
    exported = Exported(document_id)
    with replayed(document_id) as replay:
        writer = _Writer(document, replay, exported, on_progress)
        if dry_run:
            exported.lines = Counter(kind for kind, _ in writer.lines())
        else:
            exported.lines = archive_write(path, writer.lines())
    return exported


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
        self._base = _base(replay)
        self._authors: set[str] = set()
        self._stops: dict[int, list[int]] = {}
        for seq, number in version_infos(document_id=document.id):
            self._stops.setdefault(seq, []).append(number)

    def lines(self) -> Iterator[Line]:
        """Yield all but the last line, which is the file's own."""
        yield "header", _header(self._document, compacted=self._base is not None)
        aside = set()
        for kept in quarantine_iter(document_id=self._document.id, with_discarded=True):
            aside.add(kept.seq)
            self._authors.add(kept.author_id)
            yield "quarantined", row_line(kept)
        if self._base is not None:
            yield from self._before(self._base)
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
            if operation.seq % PROGRESS_OPERATIONS == 0:
                self._on_progress(self._document.id, operation.seq)
        for seq, numbers in self._stops.items():
            self._exported.left_out += [
                f"version {number}: it is of operation {seq}, the log ends at {self._replay.seq}"
                for number in numbers
            ]
        yield "authors", _usernames(self._authors)

    def _before(self, base: CompactionPoint) -> Iterator[Line]:
        """Yield what there is of before the beginning of a compacted log."""
        place = {"seq": base.seq, "number": base.number}
        yield "beginning", {**place, "version_vector": base64.encode(base.version_vector)}
        for seq in sorted(seq for seq in self._stops if seq < base.seq):
            yield from self._checked(self._stops.pop(seq), None)
        yield from self._versions()
        for packed in compacted_iter(document_id=self._document.id, up_to=base.seq):
            self._authors.add(packed.author_id)
            yield "packed", row_line(packed)

    def _versions(self) -> Iterator[Line]:
        """Yield the versions of this moment."""
        numbers = self._stops.pop(self._replay.seq, [])
        yield from self._checked(numbers, self._replay.snapshot() if numbers else None)

    def _checked(self, numbers: list[int], right: Snapshot | None) -> Iterator[Line]:
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


def _base(replay: LogReplay) -> CompactionPoint | None:
    base = compaction_point_find(document_id=replay.document_id)
    if (base.seq if base else 0) != replay.start.seq:
        raise NotExportableError("The log was compacted this very moment. Try again.")
    return base


def _header(document: Document, *, compacted: bool) -> dict[str, Any]:
    owner = owners_by_document([document.id]).get(document.id)
    return {
        "format": FORMAT,
        "version": VERSION_COMPACTED if compacted else VERSION,
        "exported_at": clock.now().isoformat(),
        "document": {
            "id": document.id,
            "title": document.title,
            "owner": None if owner is None else owner.username,
            "lineage": document.lineage,
            "created_at": document.created_at.isoformat(),
            "updated_at": document.updated_at.isoformat(),
            "trashed_at": document.trashed_at.isoformat() if document.trashed else None,
            "history": history_line(document),
        },
    }


def _usernames(author_ids: set[str]) -> dict[str, str | None]:
    """Return the username of each author; None for one who has no account (any more)."""
    users = users_by_id(int(each) for each in author_ids if each.isdecimal())
    names = {str(pk): user.username for pk, user in users.items()}
    return {author_id: names.get(author_id) for author_id in sorted(author_ids)}
