"""A document out of a file of ``export_document``, in two passes: check all of it, then store it.

Nobody sees the document before its entity is there, which is written last; so an import that is
killed leaves rows that nobody sees, and the same import again goes on from them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from apps.accounts.models import User
from apps.accounts.selectors import UnknownSubjectError, subject_get, users_by_username
from apps.core import ids
from apps.core.errors import ConflictError
from apps.crdt.codec.vectors import encode_vector
from apps.documents.heads import head_find
from apps.documents.models import Document
from apps.documents.services import document_adopt, title_checked
from apps.history.last_processed import processed_forget
from apps.history.selectors import version_find
from apps.history.services import version_mark_compaction_point, version_put, versions_delete
from apps.maintenance.archive.codec import ArchiveDecoder, history_read, moment
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

#: The author of edits whose author has no account here.
NOBODY = "0"


class DocumentExistsError(ConflictError):
    """There is a document of this id, or another log of this id; it was not touched."""

    code = "document_exists"


@dataclass(slots=True)
class Imported:
    """What the file holds, and as which document of whom it is here."""

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
    """Store the document of a file: under its own id, or with ``new_id`` as a copy.

    Raises ``ArchiveBrokenError``, ``DocumentExistsError``, ``UnknownSubjectError`` and ``OSError``
    before anything is written. A store that fails meanwhile leaves nothing of a new document.
    """
    content = _Content(path, on_progress)
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


class _Content:
    """A document's file. ``read`` holds it against itself; then its rows can be had."""

    def __init__(self, path: Path, on_progress: OnProgress) -> None:
        self.lines: Counter[str] = Counter()
        self._path = path
        self._on_progress = on_progress
        self._header: dict[str, Any] = {}
        self._names: dict[str, str | None] = {}
        self._accounts: dict[str, User] = {}
        self._vector = b"\x00"
        self._seq = 0
        self._beginning: CompactionPoint | None = None

    def read(self) -> None:
        """Read all of it and write nothing. Raises ``ArchiveBrokenError``, ``OSError``."""
        reading = ArchiveValidator(self._again)
        try:
            for kind, body in archive_read(self._path):
                self.lines[kind] += 1
                reading.take(kind, body)
                if kind == "operation" and self.lines[kind] % PROGRESS_OPERATIONS == 0:
                    self._on_progress(reading.document_id, self.lines[kind])
            self._header, self._names = reading.result()
            self._vector = encode_vector(reading.replay.loaded.vector)
            self._seq, self._beginning = reading.replay.seq, reading.beginning
        finally:
            reading.replay.close()
        self._accounts = users_by_username(name for name in self._names.values() if name)

    @property
    def owner(self) -> str | None:
        """Return the name of the owner when it was exported."""
        owner: str | None = self._header["owner"]
        return owner

    @property
    def unknown_authors(self) -> list[str]:
        """Return the authors who have no account here, by name where they had one there."""
        return sorted(
            name or f"user {author_id}"
            for author_id, name in self._names.items()
            if (name or "") not in self._accounts
        )

    def document(self, *, as_copy: bool) -> Document:
        """Return its entity, which is not stored."""
        header = self._header
        trashed_at = header["trashed_at"]
        return Document(
            id=ids.new_id() if as_copy else header["id"],
            title=title_checked(header["title"]),
            created_at=moment(header["created_at"]),
            updated_at=moment(header["updated_at"]),
            trashed=trashed_at is not None,
            trashed_at=None if trashed_at is None else moment(trashed_at),
            lineage=ids.new_id() if as_copy else header["lineage"],
            seq=self._seq,
            version_vector=self._vector,
            **(history_read(header["history"]) if "history" in header else {}),
        )

    def beginning(self, document_id: str) -> CompactionPoint | None:
        """Return where the log of the document begins; None where it has all of it."""
        base = self._beginning
        return None if base is None else replace(base, document_id=document_id)

    def rows(self, kind: str, document_id: str) -> Iterator[Any]:
        """Yield the rows of one kind, of the document and the accounts that are here."""
        rows = ArchiveDecoder(document_id, self._author)
        for found, body in archive_read(self._path):
            if found == kind:
                yield rows.read(kind, body)

    def _author(self, author_id: str) -> str:
        account = self._accounts.get(self._names.get(author_id) or "")
        return NOBODY if account is None else str(account.pk)

    def _again(self, up_to: int) -> Iterator[Operation]:
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


def _check_free(content: _Content, document_id: str) -> None:
    """Raise unless nothing is here, or only what this import left when it was killed."""
    if head_find(document_id=document_id) is not None:
        raise DocumentExistsError(
            f"There is a document {document_id} already; import it as a copy with --new-id."
        )
    if not _same_beginning(content, document_id):
        raise DocumentExistsError(
            f"There is a log of {document_id} that begins in another way than the file's; import "
            "it as a copy with --new-id."
        )
    begun = log_first_seq(document_id=document_id) - 1
    if head_seq(document_id=document_id) <= begun:
        return
    ours = content.rows("operation", document_id)
    for stored in operations_iter(document_id=document_id, after=begun):
        if next(ours, None) != stored:
            raise DocumentExistsError(
                f"There is a log of {document_id}, and from operation {stored.seq} it is another "
                "one than the file's; import it as a copy with --new-id."
            )


def _same_beginning(content: _Content, document_id: str) -> bool:
    """Tell whether what is stored of before a log's beginning is part of the file's, or nothing."""
    stored, ours = compaction_point_find(document_id=document_id), content.beginning(document_id)
    if stored is not None and (ours is None or replace(ours, made_at=stored.made_at) != stored):
        return False
    end = compacted_end(document_id=document_id)
    packed = compacted_iter(document_id=document_id, up_to=end)
    rows = content.rows("packed", document_id)
    return all(next(rows, None) == each for each in packed)


def _store(content: _Content, document: Document, owner: User) -> None:
    begun = head_seq(document_id=document.id)
    try:
        _write(content, document.id, begun)
        document_adopt(document, owner=owner)
    except BaseException:
        if not begun:
            operations_delete(document_id=document.id)
            versions_delete(document_id=document.id)
            quarantine_clear(document_id=document.id)
        raise


def _write(content: _Content, document_id: str, begun: int) -> None:
    processed_forget(document_id=document_id)
    aside = {one.id for one in quarantine_iter(document_id=document_id, with_discarded=True)}
    for kept in content.rows("quarantined", document_id):
        if kept.id not in aside:
            quarantine_put(kept)
    for version in content.rows("version", document_id):
        if version_find(document_id=document_id, number=version.number) is None:
            version_put(version)
    _write_beginning(content, document_id)
    rest = (each for each in content.rows("operation", document_id) if each.seq > begun)
    for _ in operations_write(rest):
        pass


def _write_beginning(content: _Content, document_id: str) -> None:
    """Write what a compacted log has of before its beginning, and then where that is."""
    base = content.beginning(document_id)
    if base is None:
        return
    end = compacted_end(document_id=document_id)
    fresh = (each for each in content.rows("packed", document_id) if each.seq > end)
    while row := list(islice(fresh, COMPACTED_ROW_OPERATIONS)):
        compacted_append(document_id=document_id, operations=row)
    version_mark_compaction_point(document_id=document_id, number=base.number)
    compaction_point_advance(base)
