"""Imports a document from an archive in two passes: one checks the file, one stores its rows.

The document is visible once its entity is stored, which is the last write. An import that is killed
leaves rows that are not visible, and a repeated import continues from them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from apps.accounts.models import User
from apps.accounts.selectors import UnknownSubjectError, subject_get, users_by_username
from apps.attachments.services import attachments_delete
from apps.core import ids
from apps.core.errors import ConflictError
from apps.crdt.codec.vectors import EMPTY_VECTOR, encode_bounded
from apps.documents.heads import head_find
from apps.documents.models import Document
from apps.documents.services import document_adopt, title_checked
from apps.history.last_processed import processed_forget
from apps.history.selectors import version_find
from apps.history.services import version_mark_compaction_point, version_put, versions_delete
from apps.maintenance.archive.attached_files import FILE, FILE_DATA, files_restore
from apps.maintenance.archive.codec import ArchiveDecoder, decode_datetime, decode_history
from apps.maintenance.archive.file import archive_read
from apps.maintenance.archive.validation import ArchiveValidator
from apps.maintenance.compaction import COMPACTED_ROW_OPERATIONS
from apps.maintenance.integrity.document_check import PROGRESS_OPERATIONS, OnProgress
from apps.oplog.bulk import operations_delete, operations_write
from apps.oplog.compaction_point import (
    CompactionPoint,
    compacted_append,
    compacted_end,
    compacted_iter,
    compaction_point_advance,
    compaction_point_find,
    log_first_seq,
)
from apps.oplog.operation import Operation
from apps.oplog.quarantine import quarantine_clear, quarantine_iter, quarantine_put
from apps.oplog.selectors import head_seq, operations_iter

#: The author of edits whose real author has no account here.
NOBODY = "0"


class DocumentExistsError(ConflictError):
    """A document or another log of this id exists; it was not changed."""

    code = "document_exists"


@dataclass(slots=True)
class Imported:
    """The contents of the file, and the id and owner of the document here."""

    document_id: str
    title: str
    owner: str
    lines: Counter[str]
    unknown_authors: list[str]


def archive_import(
    *,
    path: Path,
    owner_name: str | None,
    new_id: bool,
    dry_run: bool,
    on_progress: OnProgress,
) -> Imported:
    """Store the document of an archive: under its own id, or with ``new_id`` as a copy.

    Raises ``ArchiveBrokenError``, ``DocumentExistsError``, ``UnknownSubjectError`` and ``OSError``
    before anything is written. When the store fails, the rows of a new document are deleted.
    """
    content = ArchiveContent(path, on_progress)
    content.read()
    document = content.document(as_copy=new_id)
    owner = _owner(owner_name or content.owner)
    _check_free(content, document.id)
    if not dry_run:
        _store(content, document, owner)
    return Imported(
        document_id=document.id,
        title=document.title,
        owner=owner.username,
        lines=content.lines,
        unknown_authors=content.unknown_authors,
    )


class ArchiveContent:
    """The contents of an archive. ``read`` checks the file; the rows can be read after that."""

    def __init__(self, path: Path, on_progress: OnProgress) -> None:
        self.lines: Counter[str] = Counter()
        self._path = path
        self._on_progress = on_progress
        self._header: dict[str, Any] = {}
        self._names: dict[str, str | None] = {}
        self._accounts: dict[str, User] = {}
        self._vector: bytes | None = EMPTY_VECTOR
        self._seq = 0
        self._point: CompactionPoint | None = None

    def read(self) -> None:
        """Check the whole file, write nothing. Raises ``ArchiveBrokenError``, ``OSError``."""
        validator = ArchiveValidator(self._read_operations)
        try:
            for kind, body in archive_read(self._path):
                self.lines[kind] += 1
                validator.add(kind, body)
                if kind == "operation" and self.lines[kind] % PROGRESS_OPERATIONS == 0:
                    self._on_progress(validator.document_id, self.lines[kind])
            self._header, self._names = validator.result()
            self._vector = encode_bounded(validator.replay.loaded.vector)
            self._seq, self._point = validator.replay.seq, validator.point
        finally:
            validator.replay.close()
        self._accounts = users_by_username(name for name in self._names.values() if name)

    @property
    def owner(self) -> str | None:
        """Return the username of the owner at the time of the export."""
        owner: str | None = self._header["owner"]
        return owner

    @property
    def unknown_authors(self) -> list[str]:
        """Return the authors without an account here, by username or else by id."""
        return sorted(
            name or f"user {author_id}"
            for author_id, name in self._names.items()
            if (name or "") not in self._accounts
        )

    def document(self, *, as_copy: bool) -> Document:
        """Return the document's entity, which is not stored yet."""
        header = self._header
        trashed_at = header["trashed_at"]
        return Document(
            id=ids.new_id() if as_copy else header["id"],
            title=title_checked(header["title"]),
            created_at=decode_datetime(header["created_at"]),
            updated_at=decode_datetime(header["updated_at"]),
            trashed=trashed_at is not None,
            trashed_at=None if trashed_at is None else decode_datetime(trashed_at),
            lineage=ids.new_id() if as_copy else header["lineage"],
            seq=self._seq,
            version_vector=self._vector,
            **(decode_history(header["history"]) if "history" in header else {}),
        )

    def compaction_point(self, document_id: str) -> CompactionPoint | None:
        """Return the compaction point of the log, None for a log that is not compacted."""
        point = self._point
        return None if point is None else replace(point, document_id=document_id)

    def rows(self, kind: str, document_id: str) -> Iterator[Any]:
        """Yield the rows of one kind, with the ids of the document and the accounts here."""
        decoder = ArchiveDecoder(document_id, self._map_author)
        for found, body in archive_read(self._path):
            if found == kind:
                yield decoder.decode(kind, body)

    def files_restore(self, document_id: str) -> None:
        """Store the files. Raises ``ArchiveBrokenError``, ``FilesAwayError``."""
        if self.lines[FILE]:
            lines = (line for line in archive_read(self._path) if line[0] in (FILE, FILE_DATA))
            files_restore(lines, document_id=document_id, map_author=self._map_author)

    def _map_author(self, author_id: str) -> str:
        account = self._accounts.get(self._names.get(author_id) or "")
        return NOBODY if account is None else str(account.pk)

    def _read_operations(self, up_to: int) -> Iterator[Operation]:
        for operation in self.rows("operation", ""):
            if operation.seq > up_to:
                return
            yield operation


def _owner(name: str | None) -> User:
    try:
        owner = subject_get(username=name or "")
    except UnknownSubjectError as err:
        raise UnknownSubjectError(
            f"There is no active user {name or '(none)'} here to own it: name one with --owner."
        ) from err
    assert isinstance(owner, User)  # noqa: S101 - a username names a user
    return owner


def _check_free(content: ArchiveContent, document_id: str) -> None:
    """Raise unless nothing is stored, or only rows of this import, which was killed before."""
    if head_find(document_id=document_id) is not None:
        raise DocumentExistsError(
            f"The document {document_id} exists already; import it as a copy with --new-id."
        )
    if not _same_compaction_point(content, document_id):
        raise DocumentExistsError(
            f"The log of {document_id} has another compaction point than the file's; import it "
            "as a copy with --new-id."
        )
    compacted_seq = log_first_seq(document_id=document_id) - 1
    if head_seq(document_id=document_id) <= compacted_seq:
        return
    ours = content.rows("operation", document_id)
    for stored in operations_iter(document_id=document_id, after=compacted_seq):
        if next(ours, None) != stored:
            raise DocumentExistsError(
                f"There is a log of {document_id}, and from operation {stored.seq} on it differs "
                "from the file's; import it as a copy with --new-id."
            )


def _same_compaction_point(content: ArchiveContent, document_id: str) -> bool:
    """Return whether the stored compaction point and compacted rows are the file's, or none."""
    stored, ours = (
        compaction_point_find(document_id=document_id),
        content.compaction_point(document_id),
    )
    if stored is not None and (
        ours is None or replace(ours, made_at=stored.made_at, additions=stored.additions) != stored
    ):
        return False
    end = compacted_end(document_id=document_id)
    packed = compacted_iter(document_id=document_id, up_to=end)
    rows = content.rows("packed", document_id)
    return all(next(rows, None) == stored_row for stored_row in packed)


def _store(content: ArchiveContent, document: Document, owner: User) -> None:
    stored_seq = head_seq(document_id=document.id)
    try:
        _write(content, document.id, stored_seq)
        document_adopt(document, owner=owner)
    except BaseException:
        if not stored_seq:
            operations_delete(document_id=document.id)
            versions_delete(document_id=document.id)
            quarantine_clear(document_id=document.id)
            attachments_delete(document_id=document.id)
        raise


def _write(content: ArchiveContent, document_id: str, stored_seq: int) -> None:
    processed_forget(document_id=document_id)
    content.files_restore(document_id)
    quarantined_ids = {
        quarantined.id
        for quarantined in quarantine_iter(document_id=document_id, with_discarded=True)
    }
    for kept in content.rows("quarantined", document_id):
        if kept.id not in quarantined_ids:
            quarantine_put(kept)
    for version in content.rows("version", document_id):
        if version_find(document_id=document_id, number=version.number) is None:
            version_put(version)
    _write_compaction_point(content, document_id)
    rest = (
        operation
        for operation in content.rows("operation", document_id)
        if operation.seq > stored_seq
    )
    for _ in operations_write(rest):
        pass


def _write_compaction_point(content: ArchiveContent, document_id: str) -> None:
    """Write the compacted operations of a log, and then its compaction point."""
    point = content.compaction_point(document_id)
    if point is None:
        return
    end = compacted_end(document_id=document_id)
    new = (operation for operation in content.rows("packed", document_id) if operation.seq > end)
    while row := list(islice(new, COMPACTED_ROW_OPERATIONS)):
        compacted_append(document_id=document_id, operations=row)
    version_mark_compaction_point(document_id=document_id, number=point.number)
    compaction_point_advance(point)
