"""Exports a document to an archive: entity, log, versions, quarantine and files."""

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
from apps.maintenance.archive.attached_files import file_lines
from apps.maintenance.archive.codec import encode_history, encode_row
from apps.maintenance.archive.file import FORMAT, VERSION, VERSION_COMPACTED, Line, archive_write
from apps.maintenance.integrity.document_check import PROGRESS_OPERATIONS, OnProgress
from apps.maintenance.integrity.log_replay import LogReplay, replayed
from apps.maintenance.integrity.snapshot_check import version_fault
from apps.oplog.compaction_point import CompactionPoint, compacted_iter, compaction_point_find
from apps.oplog.quarantine import quarantine_iter


class NotExportableError(ConflictError):
    """The stored data is damaged, and an import would refuse it; no file was written."""

    code = "not_exportable"


@dataclass(slots=True)
class Exported:
    """The contents of the file: its lines by kind, and the versions and files left out."""

    document_id: str
    lines: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)


def archive_export(
    *, document_id: str, path: Path, dry_run: bool, on_progress: OnProgress
) -> Exported:
    """Write a document's archive; everything is checked against the log first.

    With ``dry_run`` everything is read and checked, and no file is written.

    Raises ``DocumentNotFoundError``, ``FileExistsAlreadyError``, ``NotExportableError``,
    ``LogGapError``, ``OSError``, ``PyMongoError``; then there is no file.
    """
    document = document_stored(document_id)
    exported = Exported(document_id)
    with replayed(document_id) as replay:
        writer = ArchiveLines(document, replay, exported, on_progress)
        if dry_run:
            exported.lines = Counter(kind for kind, _ in writer.lines())
        else:
            exported.lines = archive_write(path, writer.lines())
    return exported


class ArchiveLines:
    """The lines of one document's archive, made in one pass over its log."""

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
        self._point = _compaction_point(replay)
        self._authors: set[str] = set()
        self._versions_by_seq: dict[int, list[int]] = {}
        for seq, number in version_infos(document_id=document.id):
            self._versions_by_seq.setdefault(seq, []).append(number)

    def lines(self) -> Iterator[Line]:
        """Yield all lines except for ``end``, which ``archive_write`` adds."""
        yield "header", _header(self._document, compacted=self._point is not None)
        quarantined_seqs = set()
        for kept in quarantine_iter(document_id=self._document.id, with_discarded=True):
            quarantined_seqs.add(kept.seq)
            self._authors.add(kept.author_id)
            yield "quarantined", encode_row(kept)
        if self._point is not None:
            yield from self._compacted_lines(self._point)
        yield from self._lines_here()
        for operation, error in self._replay.steps():
            if error is not None and operation.seq not in quarantined_seqs:
                raise NotExportableError(
                    f"Operation {operation.seq} cannot be applied: {error.message} "
                    "recover_document puts it into quarantine."
                )
            self._authors.add(operation.author_id)
            yield "operation", encode_row(operation)
            yield from self._lines_here()
            if operation.seq % PROGRESS_OPERATIONS == 0:
                self._on_progress(self._document.id, operation.seq)
        for seq, numbers in self._versions_by_seq.items():
            self._exported.left_out += [
                f"version {number}: it is of operation {seq}, the log ends at {self._replay.seq}"
                for number in numbers
            ]
        for author_id, line in file_lines(self._document.id, left_out=self._exported.left_out):
            self._authors.add(author_id)
            yield line
        yield "authors", _usernames(self._authors)

    def _compacted_lines(self, point: CompactionPoint) -> Iterator[Line]:
        """Yield the compaction point, and the versions and operations up to it."""
        fields: dict[str, Any] = {"seq": point.seq, "number": point.number}
        if point.copies:
            fields["copies"] = base64.encode(point.copies)
        yield "beginning", {**fields, "version_vector": base64.encode(point.version_vector)}
        for seq in sorted(seq for seq in self._versions_by_seq if seq < point.seq):
            yield from self._version_lines(self._versions_by_seq.pop(seq), None)
        yield from self._lines_here()
        for operation in compacted_iter(document_id=self._document.id, up_to=point.seq):
            self._authors.add(operation.author_id)
            yield "packed", encode_row(operation)

    def _lines_here(self) -> Iterator[Line]:
        """Yield the versions at the replay's seq."""
        numbers = self._versions_by_seq.pop(self._replay.seq, [])
        yield from self._version_lines(numbers, self._replay.snapshot() if numbers else None)

    def _version_lines(self, numbers: list[int], expected: Snapshot | None) -> Iterator[Line]:
        for number in numbers:
            version = version_find(document_id=self._document.id, number=number)
            if version is None:
                continue
            fault = version_fault(version, expected)
            if fault is not None:
                raise NotExportableError(
                    f"Version {number}: {fault.text} rebuild_document repairs it."
                )
            self._authors.update(version.author_ids)
            yield "version", encode_row(version)


def _compaction_point(replay: LogReplay) -> CompactionPoint | None:
    point = compaction_point_find(document_id=replay.document_id)
    if (point.seq if point else 0) != replay.start.seq:
        raise NotExportableError("The log was compacted during the export. Try again.")
    return point


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
            "history": encode_history(document),
        },
    }


def _usernames(author_ids: set[str]) -> dict[str, str | None]:
    """Return the username of each author, None for an author without an account."""
    users = users_by_id(int(author_id) for author_id in author_ids if author_id.isdecimal())
    names = {str(pk): user.username for pk, user in users.items()}
    return {author_id: names.get(author_id) for author_id in sorted(author_ids)}
