"""Documents by REST, through the whole stack."""

import base64
import json

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.core import ids
from apps.crdt.codec.vectors import EMPTY_VECTOR
from apps.documents.models import Document
from apps.documents.services import document_trash
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import grant, make_user
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db

DOCUMENTS = "/api/v1/documents/"
MALFORMED_IDS = [
    "x",
    "%00",
    "%ED%A0%80",
    "..%2F..%2Fusers",
    "00000000000000000000000000000000",
    "A" * 4000,
]


def path_of(document: Document) -> str:
    """Return the URL of a document."""
    return f"{DOCUMENTS}{document.id}/"


# --- create ---


def test_create_answers_201_with_the_document(client: APIClient, owner: User) -> None:
    """The response has everything that a client needs to open it."""
    response = client.post(DOCUMENTS, {"title": "  My   title "})
    body = response.json()
    assert response.status_code == 201
    assert ids.is_id(body["id"])
    assert ids.is_id(body["lineage"])
    assert body["title"] == "My title"
    assert body["owner"] == {"id": owner.pk, "username": owner.username, "name": owner.username}
    assert (body["role"], body["seq"], body["trashed_at"]) == ("owner", 0, None)
    assert base64.b64decode(body["version_vector"]) == EMPTY_VECTOR
    assert body["created_at"] == body["updated_at"]
    assert body["abilities"]["write"] is True
    assert response.headers["Location"] == body["links"]["self"]
    assert client.get(body["links"]["self"]).json() == body


@pytest.mark.parametrize("body", [{}, {"title": ""}, {"title": " \n\t "}])
def test_create_without_a_title_calls_it_untitled(client: APIClient, body: dict[str, str]) -> None:
    """The title is optional."""
    assert client.post(DOCUMENTS, body).json()["title"] == "Untitled"


def test_create_without_the_right_is_403() -> None:
    """The right to create is checked (docs/system-flow.md, §2)."""
    alan = make_user()
    assert_error(bearer(alan).post(DOCUMENTS, {"title": "A"}), 403, "may_not_create")
    assert not Document.objects(owner_id=alan.pk)


def test_create_takes_the_longest_title_and_no_longer_one(
    client: APIClient, settings: Settings
) -> None:
    """The limit is a setting."""
    most = settings.DOCUMENT_TITLE_MAX_CHARS
    assert client.post(DOCUMENTS, {"title": "é" * most}).status_code == 201
    body = assert_error(client.post(DOCUMENTS, {"title": "é" * (most + 1)}), 400, "invalid")
    assert "title" in body["extra"]["fields"]


@pytest.mark.parametrize(
    "body", [{"title": None}, {"title": ["a"]}, {"title": "a\x00b"}, {"title": "\ud800"}, [], 1]
)
def test_create_with_malformed_fields_is_400_and_makes_nothing(
    client: APIClient, owner: User, body: object
) -> None:
    """No input causes a server error."""
    response = client.post(DOCUMENTS, json.dumps(body), content_type="application/json")
    assert_error(response, 400, "invalid")
    assert not Document.objects(owner_id=owner.pk)


@pytest.mark.parametrize(
    "raw", [b"{", b"nul", b'{"title": "a",}', b"\xff", b"[" * 100_000, b'{"title": NaN}']
)
def test_create_with_malformed_json_is_400(client: APIClient, raw: bytes) -> None:
    """Truncated, not UTF-8, nested too deep, not JSON at all."""
    response = client.post(DOCUMENTS, raw, content_type="application/json")
    assert_error(response, 400, "parse_error")


def test_create_with_a_body_over_the_limit_is_413(client: APIClient, settings: Settings) -> None:
    """A single request cannot fill the memory."""
    settings.REST_BODY_BYTES = 40
    assert client.post(DOCUMENTS, {"title": "x" * 20}).status_code == 201
    body = assert_error(client.post(DOCUMENTS, {"title": "x" * 40}), 413, "body_too_large")
    assert body["extra"] == {"limit": "REST_BODY_BYTES", "value": 40}


@pytest.mark.parametrize("charset", ["rot13", "zlib", "utf-7", "nonsense"])
def test_create_reads_json_as_utf_8_whatever_the_header_says(
    client: APIClient, charset: str
) -> None:
    """A caller cannot choose the server's codec."""
    content_type = f"application/json; charset={charset}"
    response = client.post(DOCUMENTS, b'{"title": "+AGE-"}', content_type=content_type)
    assert (response.status_code, response.json()["title"]) == (201, "+AGE-")


# --- read, rename, trash, restore ---


@pytest.mark.parametrize("role", [Role.EDITOR, Role.COMMENTER, Role.VIEWER])
def test_read_shows_the_callers_own_role(owner: User, role: Role) -> None:
    """Each user sees their own abilities."""
    document, reader = make_document(owner), make_user()
    grant(reader, role, document.id)
    body = bearer(reader).get(path_of(document)).json()
    assert body["role"] == role.value
    assert body["owner"]["username"] == owner.username
    assert body["abilities"]["write"] is (role is Role.EDITOR)
    assert body["abilities"]["share"] is False


def test_all_calls_on_an_invisible_document_are_404(owner: User) -> None:
    """No method reveals the existence of a document that the user may not see."""
    document, stranger = make_document(owner), bearer(make_user(may_create=True))
    path = path_of(document)
    calls = [
        stranger.get(path),
        stranger.patch(path, {"title": "Mine"}),
        stranger.delete(path),
        stranger.post(f"{path}restore/"),
        stranger.get(f"{path}permissions/"),
        stranger.post(f"{path}permissions/", {"user": owner.username, "role": "viewer"}),
    ]
    unknown = assert_error(stranger.get(f"{DOCUMENTS}{ids.new_id()}/"), 404, "document_not_found")
    for response in calls:
        assert assert_error(response, 404, "document_not_found") == unknown


@pytest.mark.parametrize("document_id", MALFORMED_IDS)
def test_malformed_id_is_404(client: APIClient, document_id: str) -> None:
    """A malformed id is an unknown one."""
    response = client.get(f"{DOCUMENTS}{document_id}/")
    assert response.status_code == 404
    assert set(response.json()) == {"code", "detail", "extra"}


def test_rename_changes_title_and_updated_at(client: APIClient, owner: User) -> None:
    """By PATCH."""
    document = make_document(owner)
    before = client.get(path_of(document)).json()
    body = client.patch(path_of(document), {"title": "Another"}).json()
    assert body["title"] == "Another"
    assert body["updated_at"] >= before["updated_at"]
    assert client.get(path_of(document)).json() == body
    assert client.patch(path_of(document), {"title": ""}).json()["title"] == "Untitled"


@pytest.mark.parametrize("body", [{}, {"title": None}, {"title": "x" * 201}, []])
def test_rename_with_malformed_fields_is_400(client: APIClient, owner: User, body: object) -> None:
    """The title does not change."""
    document = make_document(owner, title="Kept")
    response = client.patch(path_of(document), json.dumps(body), content_type="application/json")
    assert_error(response, 400, "invalid")
    assert client.get(path_of(document)).json()["title"] == "Kept"


def test_rename_by_a_reader_is_403(owner: User) -> None:
    """A viewer sees the document, so the answer is not 404."""
    document, viewer = make_document(owner, title="Kept"), make_user()
    grant(viewer, Role.VIEWER, document.id)
    assert_error(bearer(viewer).patch(path_of(document), {"title": "X"}), 403, "forbidden")


def test_trash_hides_the_document_and_untrash_brings_it_back(
    client: APIClient, owner: User
) -> None:
    """DELETE moves a document to the trash."""
    document, editor = make_document(owner), make_user()
    grant(editor, Role.EDITOR, document.id)
    assert client.delete(path_of(document)).status_code == 204
    assert_error(client.get(path_of(document)), 404, "document_not_found")
    assert_error(bearer(editor).get(path_of(document)), 404, "document_not_found")
    assert_error(client.delete(path_of(document)), 404, "document_not_found")
    assert [row["id"] for row in client.get(f"{DOCUMENTS}?trashed=true").json()["results"]] == [
        document.id
    ]
    restored = client.post(f"{path_of(document)}restore/")
    assert (restored.status_code, restored.json()["trashed_at"]) == (200, None)
    assert bearer(editor).get(path_of(document)).status_code == 200


def test_trash_and_untrash_by_others_than_owners_are_refused(owner: User) -> None:
    """An editor may neither trash a document nor see one in the trash."""
    document, editor = make_document(owner), make_user()
    grant(editor, Role.EDITOR, document.id)
    assert_error(bearer(editor).delete(path_of(document)), 403, "forbidden")
    assert_error(bearer(editor).post(f"{path_of(document)}restore/"), 403, "forbidden")
    document_trash(user=owner, document_id=document.id)
    restore = bearer(editor).post(f"{path_of(document)}restore/")
    assert_error(restore, 404, "document_not_found")


# --- the framework's own refusals ---


def test_calls_without_identity_are_401(owner: User) -> None:
    """All but the API root."""
    path, client = path_of(make_document(owner)), APIClient()
    for call in (
        client.get(DOCUMENTS),
        client.post(DOCUMENTS, {}),
        client.get(path),
        client.patch(path, {"title": "X"}),
        client.delete(path),
        client.get(f"{path}permissions/"),
    ):
        assert_error(call, 401, "not_authenticated")
        assert call.headers["WWW-Authenticate"].startswith("Bearer")


def test_refusals_of_the_framework_have_the_error_shape(client: APIClient, owner: User) -> None:
    """Unknown method, response format and request format: 405, 406, 415."""
    path = path_of(make_document(owner))
    response = client.put(path, {"title": "X"})
    assert_error(response, 405, "method_not_allowed")
    assert "PATCH" in response.headers["Allow"]
    assert_error(client.get(DOCUMENTS, HTTP_ACCEPT="image/png"), 406, "not_acceptable")
    response = client.post(DOCUMENTS, b"<title/>", content_type="text/xml")
    assert_error(response, 415, "unsupported_media_type")
    assert_error(client.get(f"{path}nothing/"), 404, "not_found")


def test_session_call_without_csrf_token_is_403(owner: User) -> None:
    """Another site cannot make the browser create documents."""
    page = APIClient(enforce_csrf_checks=True)
    page.force_login(owner)
    assert_error(page.post(DOCUMENTS, {"title": "A"}), 403, "forbidden")


def test_root_lists_urls_that_all_answer() -> None:
    """The API root is an index."""
    links = APIClient().get("/api/v1/").json()
    assert links["documents"].endswith(DOCUMENTS)
    for url in links.values():
        assert APIClient().get(url).status_code in {200, 401, 405}, url
