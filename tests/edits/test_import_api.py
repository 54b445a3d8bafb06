"""Imports by REST that are refused before any write; successful ones are in ``integration``."""

import json
from typing import Any

import pycrdt
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import resolve
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.core.errors import TransientError
from apps.crdt.content.prosemirror import content_update
from apps.documents.models import Document
from apps.edits import importing
from apps.history.models import version_rows
from apps.history.snapshot import Snapshot
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import grant, make_user
from tests.documents.factories import make_document

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


def into(document: Document) -> str:
    """Return the URL of an import into a document."""
    return f"/api/v1/documents/{document.id}/import/"


def file(data: bytes, name: str = "a.md") -> SimpleUploadedFile:
    """Return a file as a form sends it."""
    return SimpleUploadedFile(name, data)


def test_import_is_no_documents_id() -> None:
    """The URL of imports takes precedence over a document's."""
    assert resolve(NEW).url_name == "document-import"


@pytest.mark.parametrize("kind", ["md", "html", "txt"])
def test_import_of_nothing_makes_an_empty_document(client: APIClient, kind: str) -> None:
    """With the response of a creation."""
    response = client.post(NEW, {"format": kind, "content": "", "title": " A  name "})
    assert response.status_code == 201
    body = response.json()
    assert (body["title"], body["seq"], body["role"]) == ("A name", 0, "owner")
    assert response.headers["Location"] == body["links"]["self"]
    assert client.get(body["links"]["self"]).json() == body


def test_empty_file_is_named_by_its_name(client: APIClient) -> None:
    """Without its extension and its folders."""
    response = client.post(NEW, {"file": file(b"", "My notes.txt")}, format="multipart")
    assert response.json()["title"] == "My notes"
    response = client.post(NEW, {"file": file(b"", "x" * 250 + ".md")}, format="multipart")
    assert response.json()["title"] == "x" * 200


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "import_source"),
    "no content": ({"format": "md"}, "import_source"),
    "no format": ({"content": "a"}, "import_format"),
    "an unknown format": ({"content": "a", "format": "xlsx"}, "invalid"),
    "a text in Word": ({"content": "a", "format": "docx"}, "import_format"),
    "another type of format": ({"content": "a", "format": None}, "invalid"),
    "another type of content": ({"content": {"a": 1}, "format": "md"}, "invalid"),
    "no text": ({"content": "a\x00b", "format": "md"}, "invalid"),
    "half a character": ({"content": "\ud800", "format": "md"}, "invalid"),
    "a file in JSON": ({"file": "a", "format": "md"}, "invalid"),
    "no JSON": ({"content": "{", "format": "json"}, "not_prosemirror"),
    "JSON of something else": ({"content": '{"a": 1}', "format": "json"}, "not_prosemirror"),
    "JSON without end": ({"content": "[" * 100_000, "format": "json"}, "not_prosemirror"),
    "a title too long": ({"content": "a", "format": "md", "title": "x" * 201}, "invalid"),
}


@pytest.mark.parametrize("case", BAD)
def test_malformed_import_is_refused_and_makes_nothing(
    client: APIClient, owner: User, case: str
) -> None:
    """400 in the usual shape of errors."""
    body, code = BAD[case]
    answer = client.post(NEW, json.dumps(body), content_type="application/json")
    assert_error(answer, 400, code)
    assert not Document.objects(owner_id=owner.pk)


FILES: dict[str, tuple[SimpleUploadedFile, str]] = {
    "a picture": (file(b"\x89PNG\r\n\x1a\n"), "not_text"),
    "an office document": (file(b"PK\x03\x04\xff", "a.xlsx"), "import_format"),
    "an older Word": (file(b"\xd0\xcf\x11\xe0", "a.doc"), "import_format"),
    "another charset": (file("é".encode("utf-16")), "not_text"),
    "zero bytes": (file(b"a\x00b"), "not_text"),
    "an unknown ending": (file(b"a", "a.exe"), "import_format"),
    "no ending": (file(b"a", "readme"), "import_format"),
}


@pytest.mark.parametrize("case", FILES)
def test_file_that_is_no_text_is_refused_and_makes_nothing(
    client: APIClient, owner: User, case: str
) -> None:
    """400, with any file name."""
    sent, code = FILES[case]
    sent.seek(0)
    assert_error(client.post(NEW, {"file": sent}, format="multipart"), 400, code)
    assert not Document.objects(owner_id=owner.pk)


def test_content_and_file_together_are_refused(client: APIClient) -> None:
    """They are alternatives."""
    body = {"file": file(b"a"), "content": "b", "format": "md"}
    assert_error(client.post(NEW, body, format="multipart"), 400, "import_source")


def test_form_of_another_kind_is_refused(client: APIClient) -> None:
    """Only JSON and multipart forms are accepted."""
    other = "application/x-www-form-urlencoded"
    answer = client.generic("POST", NEW, "content=a&format=md", content_type=other)
    assert_error(answer, 415, "unsupported_media_type")
    broken = "multipart/form-data; boundary="
    answer = client.generic("POST", NEW, "no form", content_type=broken)
    assert_error(answer, 400, "parse_error")


@pytest.mark.parametrize("spare", [1, 100_000])
def test_import_that_is_too_large_is_refused_before_it_is_read(
    client: APIClient, owner: User, settings: Settings, spare: int
) -> None:
    """413 with the name of the limit, as text and as a file."""
    settings.IMPORT_MAX_BYTES = 1000
    words = "é" * 500 + "x" * spare
    for answer in (
        client.post(NEW, {"format": "md", "content": words}),
        client.post(NEW, {"file": file(words.encode())}, format="multipart"),
    ):
        body = assert_error(answer, 413, "limit_exceeded")
        assert body["extra"] == {"limit": "IMPORT_MAX_BYTES", "value": 1000}
        assert "1000 bytes" in str(body)
    assert not Document.objects(owner_id=owner.pk)


def test_field_that_is_too_large_for_a_form_is_refused(
    client: APIClient, settings: Settings
) -> None:
    """413, not an error page."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = client.post(NEW, {"format": "md", "content": "x" * 2000}, format="multipart")
    assert_error(answer, 413, "limit_exceeded")


def test_import_needs_the_right_to_create() -> None:
    """403 before the body is read; 401 without a user."""
    body = {"format": "json", "content": "not even JSON"}
    assert_error(bearer(make_user()).post(NEW, body), 403, "may_not_create")
    assert APIClient().post(NEW, body).status_code == 401


def test_import_into_a_document_needs_the_right_to_write(owner: User) -> None:
    """403 for a viewer, 404 for a stranger and for an unknown document."""
    document = make_document(owner)
    viewer = make_user()
    grant(viewer, Role.VIEWER, document.id)
    body = {"format": "md", "content": "a"}
    assert_error(bearer(viewer).post(into(document), body), 403, "forbidden")
    assert_error(bearer(make_user()).post(into(document), body), 404, "document_not_found")
    answer = bearer(owner).post("/api/v1/documents/import/import/", body)
    assert_error(answer, 404, "document_not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"format": "md", "content": ""}, "import_source"),
        ({"format": "html", "content": "<script>a</script>"}, "import_source"),
        ({"format": "md", "content": "a", "at": "middle"}, "invalid"),
        ({"format": "md", "content": "a", "unique_id": "x" * 129}, "invalid"),
        ({"content": "a"}, "import_format"),
    ],
)
def test_malformed_import_into_a_document_is_refused(
    client: APIClient, owner: User, body: dict[str, str], code: str
) -> None:
    """The document does not change."""
    document = make_document(owner)
    assert_error(client.post(into(document), body), 400, code)
    document.reload()
    assert document.seq == 0


def test_document_is_removed_when_its_content_is_not_stored(
    client: APIClient, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All or nothing; the same call may be repeated."""

    def fail(**_: Any) -> None:
        raise TransientError("The store is away.")

    monkeypatch.setattr(importing, "operation_submit", fail)
    before = version_rows().count_documents({})
    answer = client.post(NEW, {"format": "md", "content": "a"})
    assert_error(answer, 503, "unavailable")
    assert not Document.objects(owner_id=owner.pk)
    assert version_rows().count_documents({}) == before
    assert client.get("/api/v1/documents/").json()["results"] == []


def test_browsable_api_has_forms_for_an_import(owner: User) -> None:
    """Also for a file."""
    browser = Client(headers={"accept": "text/html"})
    browser.force_login(owner)
    document = make_document(owner)
    for address, names in ((NEW, {"title"}), (into(document), {"at", "unique_id"})):
        page = browser.get(address)
        assert page.status_code == 405
        for name in {"format", "content", "file"} | names:
            assert f'name="{name}"' in page.content.decode()
    response = browser.post(NEW, {"file": file(b"", "By hand.md"), "content": "", "format": ""})
    assert response.status_code == 201
    assert "By hand" in response.content.decode()


def duplicate(document: Document) -> str:
    """Return the URL of a duplicate of a document."""
    return f"/api/v1/documents/{document.id}/duplicate/"


def test_duplicate_of_an_empty_document_is_empty(client: APIClient, owner: User) -> None:
    """Its title is bounded as any other; it can be given."""
    document = make_document(owner, title="x" * 200)
    body = client.post(duplicate(document)).json()
    assert (body["title"], body["seq"], body["role"]) == (f"Copy of {'x' * 192}", 0, "owner")
    body = client.post(duplicate(document), {"title": " Mine "}).json()
    assert body["title"] == "Mine"
    assert_error(client.post(duplicate(document), {"title": "x" * 201}), 400, "invalid")


def test_duplicate_needs_the_right_to_read_and_the_right_to_create(
    client: APIClient, owner: User
) -> None:
    """And a document that is not in the trash."""
    document, reader, other = make_document(owner), make_user(), make_user(may_create=True)
    grant(reader, Role.OWNER, document.id)
    assert_error(bearer(reader).post(duplicate(document)), 403, "may_not_create")
    assert_error(bearer(other).post(duplicate(document)), 404, "document_not_found")
    client.delete(f"/api/v1/documents/{document.id}/")
    assert_error(client.post(duplicate(document)), 404, "document_not_found")
    assert Document.objects(owner_id__in=[reader.pk, other.pk]).count() == 0


@pytest.mark.parametrize("limit", ["update_bytes", "update_structs", "max_update_bytes"])
def test_duplicate_of_a_document_larger_than_an_edit_creates_nothing(
    client: APIClient,
    owner: User,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
) -> None:
    """413 with a sentence of this action, whichever limit is met."""
    words = "x" * (9 * 1024 * 1024 if limit == "max_update_bytes" else 1000)
    state = _state(words)
    if limit != "max_update_bytes":
        settings.COLLAB_LIMITS = {**settings.COLLAB_LIMITS, limit: 2}
    present = Snapshot(seq=1, version_vector=b"", state=state)
    monkeypatch.setattr(importing, "present_state", lambda **_: present)
    monkeypatch.setattr(importing, "document_create_with", pytest.fail)
    document = make_document(owner)
    body = assert_error(client.post(duplicate(document)), 413, "duplicate_too_large")
    assert body["extra"]["limit"] == limit
    assert "too large to be duplicated" in str(body)
    assert Document.objects(owner_id=owner.pk).count() == 1


def _state(words: str) -> bytes:
    """Return the state of a document with one paragraph, which may be larger than an import."""
    doc: pycrdt.Doc[pycrdt.XmlFragment] = pycrdt.Doc()
    fragment = doc.get("default", type=pycrdt.XmlFragment)
    fragment.children.append(pycrdt.XmlElement("paragraph", contents=[pycrdt.XmlText(words)]))
    return doc.get_update()


def test_duplicate_whose_content_cannot_be_stored_leaves_nothing(
    client: APIClient, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All or nothing, as an import."""

    def fail(**_: object) -> None:
        raise TransientError("not now")

    monkeypatch.setattr(importing, "operation_submit", fail)
    state = content_update([{"type": "paragraph", "content": [{"type": "text", "text": "a"}]}])[0]
    present = Snapshot(seq=1, version_vector=b"", state=state)
    monkeypatch.setattr(importing, "present_state", lambda **_: present)
    document = make_document(owner)
    assert client.post(duplicate(document)).status_code == 503
    assert [found.id for found in Document.objects(owner_id=owner.pk)] == [document.id]
