"""Files of other programs by REST that are refused, or are empty: nothing is stored half."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.documents.models import Document
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import make_user
from tests.office.samples import docx, exported, paragraph_run

pytestmark = pytest.mark.django_db

NEW = "/api/v1/documents/import/"


@pytest.fixture
def owner() -> User:
    """Return a user who may create documents."""
    return make_user(may_create=True)


@pytest.fixture
def client(owner: User) -> APIClient:
    """Return a client of the owner."""
    return bearer(owner)


def file(data: bytes, name: str) -> dict[str, SimpleUploadedFile]:
    """Return a form with a file."""
    return {"file": SimpleUploadedFile(name, data)}


ODT = b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.text"
OLD_WORD = b"\xd0\xcf\x11\xe0"
REFUSED: dict[str, tuple[bytes, str, int, str]] = {
    "a picture named as Word": (b"\x89PNG\r\n", "a.docx", 415, "file_type_mismatch"),
    "an ODT named as Word": (ODT, "a.docx", 415, "file_type_mismatch"),
    "a Word file named as a book": (docx(""), "a.epub", 415, "file_type_mismatch"),
    "an older Word": (OLD_WORD, "a.docx", 415, "file_type_mismatch"),
    "a damaged Word": (docx("")[:-40], "a.docx", 422, "file_unreadable"),
    "a zip bomb": (docx(paragraph_run("a" * 40_000_000)), "a.docx", 413, "unpacked_too_large"),
    "an entity": (
        docx(paragraph_run("&e;"), prolog='<!DOCTYPE x [<!ENTITY e "ha">]>'),
        "a.docx",
        422,
        "file_unreadable",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_file_is_refused_and_makes_nothing(client: APIClient, owner: User, case: str) -> None:
    """With a status, a code and what to do."""
    data, name, status, code = REFUSED[case]
    body = assert_error(client.post(NEW, file(data, name), format="multipart"), status, code)
    assert len(body["detail"]) > 40
    assert not Document.objects(owner_id=owner.pk)


def test_file_that_is_too_large_is_refused(client: APIClient, settings: Settings) -> None:
    """By a limit of its own, with its name."""
    settings.IMPORT_OFFICE_MAX_BYTES = 500
    answer = client.post(NEW, file(docx(""), "a.docx"), format="multipart")
    body = assert_error(answer, 413, "limit_exceeded")
    assert body["extra"] == {"limit": "IMPORT_OFFICE_MAX_BYTES", "value": 500}


@pytest.mark.parametrize("name", ["Plan.docx", "Plan.DOCX", "Plan", "Plan.bin"])
def test_format_is_that_of_the_name_or_of_the_bytes(client: APIClient, name: str) -> None:
    """An empty document needs no room, so it is imported here."""
    answer = client.post(NEW, file(docx(""), name), format="multipart")
    assert (answer.status_code, answer.json()["title"]) == (201, "Plan")


@pytest.mark.parametrize("kind", ["docx", "epub", "odt", "rst", "rtf"])
def test_title_is_that_of_the_file(client: APIClient, kind: str) -> None:
    """Of its properties, or of its first heading."""
    data = exported([], kind, "A & B")
    answer = client.post(NEW, file(data, f"x.{kind}"), format="multipart")
    assert (answer.status_code, answer.json()["title"]) == (201, "A & B")
