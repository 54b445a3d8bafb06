"""Archives that are changed, and documents that are removed before an import."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from apps.documents.models import Document
from apps.history.last_processed import processed_rows
from apps.history.models import version_rows
from apps.history.snapshot_cache import snapshot_forget
from apps.maintenance.archive.file import Line, archive_read, archive_write
from apps.oplog.models import operation_rows, quarantine_rows

Change = Callable[[list[Line]], list[Line]]


def remove(document_id: str) -> None:
    """Delete a document with all its rows."""
    Document.objects(id=document_id).delete()
    for rows in (operation_rows(), version_rows(), quarantine_rows()):
        rows.delete_many({"document_id": document_id})
    processed_rows().delete_one({"_id": document_id})
    snapshot_forget(document_id=document_id)


def changed(file: Path, change: Change) -> Path:
    """Return a file with other lines and a correct checksum."""
    lines = change(list(archive_read(file)))
    path = file.with_name("changed")
    archive_write(path, lines)
    return path


def lines_of(kind: str, **values: Any) -> Change:
    """Change all lines of a kind."""
    return lambda lines: [
        (name, {**body, **values} if name == kind else body) for name, body in lines
    ]


def without(kind: str, which: int = 0) -> Change:
    """Leave one line of a kind out."""

    def change(lines: list[Line]) -> list[Line]:
        places = [place for place, (name, _) in enumerate(lines) if name == kind]
        return [line for place, line in enumerate(lines) if place != places[which]]

    return change
