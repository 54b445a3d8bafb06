"""Files by REST: upload, list, bytes, copy, and what bad input gets."""

import errno
import hashlib
from io import BytesIO

import pytest
from PIL import Image
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.attachments.models import attachment_rows, file_rows
from apps.attachments.storage import FolderStorage, away
from apps.documents.models import Document
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import grant, make_user
from tests.attachments import samples
from tests.attachments.rest import attached, path_of, upload
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db


# --- upload ---


def test_upload_answers_201_with_the_file(client: APIClient, document: Document) -> None:
    """Its id is the hash of the uploaded bytes; what is served is the cleaned picture."""
    data = samples.photo(400, 300)
    response = upload(client, document, data, "A photo.jpg", "image/jpeg")
    body = response.json()
    assert response.status_code == 201
    assert body["id"] == hashlib.sha256(data).hexdigest()
    assert body["url"] == f"{path_of(document)}{body['id']}/"
    assert response.headers["Location"] == body["url"]
    assert (body["name"], body["media_type"]) == ("A photo.jpg", "image/jpeg")
    assert (body["size"], body["width"], body["height"]) == (len(data), 400, 300)
    served = client.get(body["url"])
    assert samples.LATITUDE not in served.content
    assert Image.open(BytesIO(served.content)).size == (400, 300)
    assert served.headers["ETag"] != f'"{body["id"]}"'


def test_same_file_twice_is_one(client: APIClient, document: Document) -> None:
    """In one document once; in two documents the bytes once."""
    data = samples.png()
    first = attached(client, document, data)
    again = attached(client, document, data, "another name.png")
    other = make_document(User.objects.get(pk=document.owner_id))
    elsewhere = attached(client, other, data)
    assert first["id"] == again["id"] == elsewhere["id"]
    assert again["name"] == "a.png"
    assert len(client.get(path_of(document)).json()["results"]) == 1
    assert file_rows().count_documents({"_id": first["id"]}) == 1


def test_upload_needs_the_right_to_write(document: Document) -> None:
    """403 for a reader, 404 for everybody else; nothing is stored."""
    data = samples.png()
    sha = hashlib.sha256(data).hexdigest()
    reader, stranger = make_user(), make_user()
    grant(reader, Role.COMMENTER, document.id)
    assert_error(upload(bearer(reader), document, data), 403, "forbidden")
    assert_error(upload(bearer(stranger), document, data), 404, "document_not_found")
    assert_error(upload(APIClient(), document, data), 401, "not_authenticated")
    assert file_rows().find_one({"_id": sha}) is None


def test_upload_above_the_limit_is_413(
    client: APIClient, document: Document, settings: Settings
) -> None:
    """With the name of the limit; the longest allowed one is accepted."""
    settings.ATTACHMENT_MAX_BYTES = 100_000
    assert upload(client, document, b"a" * 100_000, "a.txt", "text/plain").status_code == 201
    for size in (100_001, 300_000):
        body = assert_error(
            upload(client, document, b"b" * size, "a.txt", "text/plain"), 413, "limit_exceeded"
        )
        assert body["extra"] == {"limit": "ATTACHMENT_MAX_BYTES", "value": 100_000}


@pytest.mark.parametrize(
    ("data", "name", "kind", "status", "code"),
    [
        (samples.HTML, "a.png", "image/png", 415, "attachment_type_mismatch"),
        (samples.png(), "a.jpg", "image/jpeg", 415, "attachment_type_mismatch"),
        (b"MZ\x90\0", "a.exe", "application/octet-stream", 415, "attachment_type_not_allowed"),
        (samples.png()[:60], "a.png", "image/png", 415, "attachment_unreadable"),
        (samples.bomb(), "a.png", "image/png", 413, "limit_exceeded"),
        (samples.bomb()[:2_000], "a.png", "image/png", 413, "limit_exceeded"),
        (b"", "a.txt", "text/plain", 400, "attachment_empty"),
    ],
)
def test_bad_file_gets_its_error_and_nothing_is_stored(
    client: APIClient,
    document: Document,
    data: bytes,
    name: str,
    kind: str,
    status: int,
    code: str,
) -> None:
    """Neither a file nor an attachment."""
    assert_error(upload(client, document, data, name, kind), status, code)
    assert client.get(path_of(document)).json()["results"] == []
    assert file_rows().find_one({"_id": hashlib.sha256(data).hexdigest()}) is None


def test_storage_that_is_away_answers_503_and_the_same_upload_is_stored_later(
    client: APIClient, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is half stored meanwhile, and nobody's share is used."""
    data = samples.png()
    with monkeypatch.context() as full:
        full.setattr(FolderStorage, "store", _fail_as_full_disk)
        answer = upload(client, document, data)
        assert_error(answer, 503, "files_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert client.get(path_of(document)).json()["results"] == []
    answer = upload(client, document, data)
    assert answer.status_code == 201
    assert client.get(answer.json()["url"]).status_code == 200


def _fail_as_full_disk(*_: object) -> None:
    raise away(OSError(errno.ENOSPC, "no space"))


@pytest.mark.parametrize("body", [{}, {"from": "x"}, {"id": "a" * 64}])
def test_request_without_a_file_is_400(
    client: APIClient, document: Document, body: dict[str, str]
) -> None:
    """Half a copy is none either."""
    assert_error(client.post(path_of(document), body), 400, "attachment_source")


def test_document_has_a_bounded_number_of_files(
    client: APIClient, document: Document, settings: Settings
) -> None:
    """A script cannot attach without end."""
    settings.ATTACHMENTS_PER_DOCUMENT = 1
    attached(client, document, samples.png())
    body = assert_error(upload(client, document, samples.png()), 413, "limit_exceeded")
    assert body["extra"]["limit"] == "ATTACHMENTS_PER_DOCUMENT"


def test_upload_counts_towards_the_persons_share(
    client: APIClient, document: Document, settings: Settings
) -> None:
    """Once for each file of a document; a full share refuses the next one."""
    settings.STORED_BYTES_PER_PERSON = 5_000
    data = b"a" * 6_000
    attached(client, document, data, "a.txt", "text/plain")
    attached(client, document, data, "a.txt", "text/plain")
    assert_error(upload(client, document, b"b" * 100, "b.txt", "text/plain"), 413, "quota_exceeded")


@pytest.mark.parametrize(
    "name", ["../../../x.txt", "a\r\nX-Evil: 1.txt", "gnp\u202etxt.txt", "'; x=y;.txt"]
)
def test_name_is_cleaned_and_sent_as_one_header(
    client: APIClient, document: Document, name: str
) -> None:
    """A path, a line end, a quotation mark, a mark that turns the text round."""
    body = attached(client, document, name.encode(), name, "text/plain")
    assert not set(body["name"]) & set('/\\\r\n"\u202e')
    header = client.get(body["url"]).headers["Content-Disposition"]
    assert header.startswith("attachment; filename")
    assert "\n" not in header


# --- bytes ---


def test_bytes_have_the_headers_that_keep_them_harmless(
    client: APIClient, document: Document
) -> None:
    """Inline only pictures and PDF; never scripts, whatever they are."""
    for data, name, kind, disposition, served in (
        (samples.png(), "a.png", "image/png", "inline", "image/png"),
        (samples.PDF, "a.pdf", "application/pdf", "inline", "application/pdf"),
        (samples.SVG, "a.svg", "image/svg+xml", "attachment", "application/octet-stream"),
        (samples.HTML, "a.html", "text/html", "attachment", "application/octet-stream"),
        (b"text", "a.txt", "text/plain", "attachment", "text/plain"),
    ):
        response = client.get(attached(client, document, data, name, kind)["url"])
        assert response.headers["Content-Type"] == served
        assert response.headers["Content-Disposition"].startswith(disposition)
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["Cache-Control"] == "private, no-cache"


def test_etag_answers_304(client: APIClient, document: Document) -> None:
    """A browser that has the bytes gets none."""
    url = attached(client, document, samples.png())["url"]
    etag = client.get(url).headers["ETag"]
    response = client.get(url, headers={"If-None-Match": etag})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == etag


def test_ranges_answer_206(client: APIClient, document: Document) -> None:
    """Of all kinds; a range that is none answers the whole, one after the end 416."""
    data = bytes(range(65, 91)) * 10
    url = attached(client, document, data, "a.txt", "text/plain")["url"]
    for header, part in (
        ("bytes=0-0", data[:1]),
        ("bytes=10-19", data[10:20]),
        ("bytes=250-", data[250:]),
        ("bytes=-5", data[-5:]),
        ("bytes=200-9999", data[200:]),
    ):
        response = client.get(url, headers={"Range": header})
        assert (response.status_code, response.content) == (206, part), header
        assert response.headers["Content-Range"].endswith("/260")
        assert response.headers["Content-Length"] == str(len(part))
    for header in ("bytes=5-2", "bytes=0-1,4-5", "items=0-1", "bytes=-"):
        response = client.get(url, headers={"Range": header})
        assert (response.status_code, response.content) == (200, data), header
    for header in ("bytes=260-", "bytes=-0"):
        response = client.get(url, headers={"Range": header})
        assert_error(response, 416, "range_not_satisfiable")
    changed = client.get(url, headers={"Range": "bytes=0-0", "If-Range": '"other"'})
    assert changed.status_code == 200


def test_width_answers_a_smaller_picture(client: APIClient, document: Document) -> None:
    """The smallest that is wide enough, with an ETag of its own; else the whole one."""
    url = attached(client, document, samples.png(1500, 300))["url"]
    etags = set()
    for width, expected in ((1, 320), (320, 320), (321, 640), (1400, 1500), (9_000, 1500)):
        response = client.get(url, {"width": width})
        assert Image.open(BytesIO(response.content)).width == expected
        etags.add(response.headers["ETag"])
    assert len(etags) == 3
    assert_error(client.get(url, {"width": 0}), 400, "invalid")


def test_head_answers_the_headers(client: APIClient, document: Document) -> None:
    """Without reading the bytes."""
    url = attached(client, document, b"12345", "a.txt", "text/plain")["url"]
    response = client.head(url)
    assert (response.status_code, response.headers["Content-Length"]) == (200, "5")


# --- list and copy ---


def test_list_has_pages_with_the_latest_first(client: APIClient, document: Document) -> None:
    """In the order in which they were attached."""
    ids = [attached(client, document, samples.png())["id"] for _ in range(5)]
    seen: list[str] = []
    url: str | None = f"{path_of(document)}?limit=2"
    while url:
        page = client.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == ids[::-1]


def test_copy_attaches_a_file_of_another_document(
    client: APIClient, document: Document, owner: User
) -> None:
    """From a document that one may read to one in which one may write."""
    body = attached(client, document, samples.png(), "Plan.png")
    writer = make_user(may_create=True)
    target = make_document(writer)
    values = {"from": document.id, "id": body["id"]}
    assert_error(bearer(writer).post(path_of(target), values), 404, "document_not_found")
    grant(writer, Role.VIEWER, document.id)
    response = bearer(writer).post(path_of(target), values)
    assert response.status_code == 201
    assert (response.json()["id"], response.json()["name"]) == (body["id"], "Plan.png")
    assert bearer(writer).get(response.json()["url"]).status_code == 200
    assert_error(bearer(writer).post(path_of(document), values), 403, "forbidden")
    assert_error(
        client.post(path_of(document), {"from": document.id, "id": "0" * 64}),
        404,
        "attachment_not_found",
    )


def test_browsable_api_has_a_form_for_files(document: Document, owner: User) -> None:
    """For a person with a browser."""
    page = APIClient()
    page.force_login(owner)
    html = page.get(path_of(document), headers={"Accept": "text/html"}).content.decode()
    assert 'type="file"' in html


def test_attachments_are_rows_of_the_document(client: APIClient, document: Document) -> None:
    """A creation that fails takes them along."""
    from apps.documents.services import document_creation_cancel

    attached(client, document, samples.png())
    document_creation_cancel(document=document, user=User.objects.get(pk=document.owner_id))
    assert attachment_rows().count_documents({"document_id": document.id}) == 0
