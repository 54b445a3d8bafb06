"""The files of a document in its archive."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from apps.attachments.models import attachment_rows, file_rows
from apps.attachments.selectors import attachments_iter, file_faults
from apps.attachments.services import attachment_create
from apps.attachments.storage import files
from apps.attachments.uploads import ORIGINAL, Upload, storage_name
from apps.core import base64
from apps.documents.models import Document
from apps.maintenance.archive.file import Line, archive_read
from tests.accounts.factories import make_user
from tests.attachments import samples
from tests.documents.factories import make_document
from tests.maintenance.archive.files import changed, lines_of, remove, without
from tests.maintenance.commands import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def document() -> Iterator[Document]:
    """Return a document with a picture and a text of several lines of the archive."""
    owner = make_user(may_create=True)
    document = make_document(owner)
    for data, name, kind in (
        (samples.photo(400, 300), "Photo.jpg", "image/jpeg"),
        (b"0123456789abcdef" * 150_000, "Log.txt", "text/plain"),
    ):
        upload = Upload(BytesIO(data), name, kind)
        attachment_create(user=owner, document_id=document.id, upload=upload)
    yield document
    forget(document)
    remove(document.id)


@pytest.fixture
def file(document: Document, tmp_path: Path) -> Path:
    """Return the document's file."""
    path = tmp_path / "a document.scriptorium"
    done = run("export_document", document.id, path)
    assert (done.code, done.only["files"]) == (0, 2)
    return path


def forget(document: Document) -> None:
    """Delete the files of a document, their bytes too."""
    for attachment in list(attachments_iter(document_id=document.id)):
        for part in attachment.part_bytes:
            files().remove(storage_name(attachment.id, part))
        file_rows().delete_one({"_id": attachment.id})
    attachment_rows().delete_many({"document_id": document.id})


def known(document_id: str) -> list[tuple[Any, ...]]:
    """Return what is known of a document's files, if their bytes are sound."""
    found = list(attachments_iter(document_id=document_id))
    assert [file_faults(attachment) for attachment in found] == [[]] * len(found)
    return [
        (row.id, row.name, row.author_id, row.created_at, row.size, row.width, row.media_type)
        for row in found
    ]


@pytest.mark.parametrize("as_copy", [True, False])
def test_files_are_imported_with_their_bytes(
    document: Document, file: Path, *, as_copy: bool
) -> None:
    """Into a store that has none of them, and beside the document."""
    before = known(document.id)
    assert len(before) == 2
    if not as_copy:
        forget(document)
        remove(document.id)
    done = run("import_document", file, *(["--new-id"] * as_copy))
    assert (done.code, done.only["files"]) == (0, 2)
    assert known(done.only["document_id"]) == before
    assert run("verify_documents", done.only["document_id"]).code == 0
    if as_copy:
        forget(document)
        remove(done.only["document_id"])


def test_file_without_sound_bytes_is_left_out_and_named(document: Document, tmp_path: Path) -> None:
    """The rest is exported."""
    first = next(iter(attachments_iter(document_id=document.id)))
    files().store(storage_name(first.id, ORIGINAL), BytesIO(b"damaged"))
    done = run("export_document", document.id, tmp_path / "file")
    assert done.code != 0
    assert (done.only["files"], len(done.only["left_out"])) == (1, 1)
    assert "Photo.jpg" in done.only["left_out"][0]


def _other_bytes(lines: list[Line]) -> list[Line]:
    return [
        (kind, base64.encode(b"other") if kind == "file_data" else body) for kind, body in lines
    ]


def _bytes_first(lines: list[Line]) -> list[Line]:
    return [lines[0], ("file_data", ""), *lines[1:]]


@pytest.mark.parametrize(
    "change",
    [
        without("file_data"),
        without("file_data", -1),
        without("file"),
        _other_bytes,
        _bytes_first,
        lines_of("file", id="../../etc/passwd"),
        lines_of("file", id="0" * 64),
        lines_of("file", name="../a"),
        lines_of("file", name=""),
        lines_of("file", size=1),
        lines_of("file", size="x"),
        lines_of("file", created_at="yesterday"),
        lines_of("file", author_id=7),
        lines_of("file", author_id="nobody"),
        lines_of("file", created_at=None),
    ],
)
def test_broken_file_is_refused_and_nothing_is_stored(
    document: Document, file: Path, change: Callable[[list[Line]], list[Line]]
) -> None:
    """The whole archive is checked first."""
    path = changed(file, change)
    count = attachment_rows().count_documents({})
    done = run("import_document", path, "--new-id")
    assert done.code != 0
    assert attachment_rows().count_documents({}) == count


def test_file_that_may_not_be_attached_here_refuses_the_import(
    document: Document, file: Path, settings: Any
) -> None:
    """Nothing of the document stays."""
    settings.ATTACHMENT_MAX_BYTES = 1_000_000
    count = attachment_rows().count_documents({})
    assert run("import_document", file, "--new-id").code != 0
    assert attachment_rows().count_documents({}) == count


def test_lines_are_bounded(file: Path) -> None:
    """A file of megabytes has several."""
    kinds = [kind for kind, _ in archive_read(file)]
    assert kinds.count("file_data") == 4
