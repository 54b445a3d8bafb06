"""A document as a file, by REST: at any seq, in any format, safe to open."""

import json
from base64 import b64decode
from io import BytesIO
from urllib.parse import quote

import pycrdt
import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.attachments.services import attachment_create
from apps.attachments.uploads import Upload
from apps.core import clock, ids
from apps.crdt.content.prosemirror import content_update, document_json, insertion_update
from apps.crdt.content.writers import WRITTEN_FORMATS
from apps.documents.heads import Head, heads_advance
from apps.documents.models import Document
from apps.documents.services import document_rename
from apps.history.services import version_create
from apps.history.states import present_state
from apps.office.formats import OFFICE_WRITTEN
from apps.oplog.bulk import operations_write
from apps.oplog.operation import Operation
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import grant, make_user
from tests.attachments import samples
from tests.crdt.content.trees import LINK, Built, block, paragraph, text
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db

LATER = [paragraph(text("later", "bold"))]


@pytest.fixture
def document(owner: User) -> Document:
    """Return a document of two operations, with a version after each."""
    document = make_document(owner, title="Plan: A/B")
    update, _ = content_update([block("heading", "First", level=1)])
    write(document, update)
    write(document, insertion_update(update, LATER))
    return document


def write(document: Document, update: bytes) -> None:
    """Log an operation and store a version after it."""
    before = present_state(document_id=document.id)
    seq, vector = before.seq + 1, pycrdt.get_state(pycrdt.merge_updates(before.state, update))
    operation = Operation(
        document_id=document.id,
        seq=seq,
        unique_id=ids.new_id(),
        author_id=str(document.owner_id),
        received_at=clock.now(),
        version_vector=vector,
        update=update,
    )
    list(operations_write([operation]))
    heads_advance([Head(document.id, seq, vector, clock.now())])
    version_create(document_id=document.id, snapshot=present_state(document_id=document.id))


def path(document: Document, rest: str) -> str:
    """Return the URL of an export."""
    return f"/api/v1/documents/{document.id}/export/{rest}"


FORMATS = {
    "html": (
        "text/html; charset=utf-8",
        b"<h1>Plan: A/B</h1>\n<h1>First</h1>\n<p><strong>later</strong></p>\n",
    ),
    "json": ("application/json", b'"title": "Plan: A/B"'),
    "md": ("text/markdown; charset=utf-8", b"# Plan: A/B\n\n# First\n\n**later**\n"),
    "txt": ("text/plain; charset=utf-8", b"First\nlater\n"),
    "yjs": ("application/octet-stream", b"heading"),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_export_is_a_file_of_its_kind(client: APIClient, document: Document, kind: str) -> None:
    """Named by its title, with a charset, and nothing that a browser would sniff or execute."""
    response = client.get(path(document, f"{kind}/"))
    media_type, words = FORMATS[kind]
    assert response.status_code == 200
    assert words in response.content
    headers = response.headers
    assert headers["Content-Type"] == media_type
    assert headers["Content-Disposition"] == f'attachment; filename="Plan A B.{kind}"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["X-Document-Seq"] == "2"


#: First bytes of the files of other programs.
SIGNATURES = {
    "docx": b"PK\x03\x04",
    "epub": b"PK\x03\x04",
    "odt": b"PK\x03\x04",
    "pdf": b"%PDF-",
    "rst": b"Plan: A/B\n====",
    "rtf": b"{\\rtf1",
}


@pytest.mark.parametrize("kind", SIGNATURES)
def test_export_for_another_program_is_a_file_of_its_kind(
    client: APIClient, document: Document, kind: str
) -> None:
    """Of any state, with the headers of the others."""
    response = client.get(path(document, f"{kind}/?seq=1"))
    assert response.status_code == 200
    assert response.content.startswith(SIGNATURES[kind])
    headers = response.headers
    assert headers["Content-Type"] == OFFICE_WRITTEN[kind].media_type
    assert headers["Content-Disposition"] == f'attachment; filename="Plan A B.{kind}"'
    assert headers["X-Document-Seq"] == "1"
    etag = headers["ETag"]
    again = client.get(path(document, f"{kind}/?version=2"), HTTP_IF_NONE_MATCH=etag)
    assert (again.status_code, again.content) == (304, b"")


def test_every_format_is_tested() -> None:
    """A new format needs a test."""
    assert set(FORMATS) == set(WRITTEN_FORMATS)
    assert set(SIGNATURES) == set(OFFICE_WRITTEN)


def test_json_and_yjs_are_the_document_itself(client: APIClient, document: Document) -> None:
    """The same content as in an editor."""
    content = [block("heading", "First", level=1), *LATER]
    assert json.loads(client.get(path(document, "json/")).content)["content"] == content
    assert document_json(client.get(path(document, "yjs/")).content)["content"] == content


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("state", ["version=2", "seq=1"])
def test_any_state_is_exported(
    client: APIClient, document: Document, kind: str, state: str
) -> None:
    """By version or seq, from the initial version on."""
    response = client.get(path(document, f"{kind}/?{state}"))
    assert response.headers["X-Document-Seq"] == "1"
    assert b"First" in response.content
    assert b"later" not in response.content


def test_document_before_any_operation_is_empty(client: APIClient, document: Document) -> None:
    """In each format."""
    contents = {kind: client.get(path(document, f"{kind}/?seq=0")).content for kind in FORMATS}
    assert (contents["txt"], contents["yjs"]) == (b"", b"\x00\x00")
    assert contents["md"] == b"# Plan: A/B\n"
    assert json.loads(contents["json"])["content"] == []
    assert b"<body>\n<h1>Plan: A/B</h1>\n</body>" in contents["html"]


def test_export_with_a_known_etag_is_304(
    client: APIClient, document: Document, owner: User
) -> None:
    """Another format, seq or title has another ETag."""
    etag = client.get(path(document, "html/"))["ETag"]
    again = client.get(path(document, "html/"), HTTP_IF_NONE_MATCH=etag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    for other in ("md/", "html/?seq=1"):
        answer = client.get(path(document, other), HTTP_IF_NONE_MATCH=etag)
        assert answer.status_code == 200
    same = client.get(path(document, "html/?version=3"), HTTP_IF_NONE_MATCH=etag)
    assert same.status_code == 304
    document_rename(user=owner, document_id=document.id, title="Another")
    answer = client.get(path(document, "html/"), HTTP_IF_NONE_MATCH=etag)
    assert (answer.status_code, b"<title>Another</title>" in answer.content) == (200, True)


@pytest.mark.parametrize("kind", ["typst", "HTML", "md.exe", "%00"])
def test_unknown_format_is_404_with_the_known_ones(
    client: APIClient, document: Document, kind: str
) -> None:
    """The error lists the formats."""
    body = assert_error(client.get(path(document, f"{kind}/")), 404, "unknown_format")
    assert body["extra"] == {"formats": sorted([*FORMATS, *OFFICE_WRITTEN])}


def test_version_and_seq_together_are_refused(client: APIClient, document: Document) -> None:
    """They could be two states."""
    answer = client.get(path(document, "md/?version=2&seq=1"))
    assert_error(answer, 400, "version_or_seq")


@pytest.mark.parametrize("query", ["version=x", "version=0", "seq=-1", "seq=1.5"])
def test_seq_that_is_no_number_is_refused(
    client: APIClient, document: Document, query: str
) -> None:
    """400 in the usual shape of errors."""
    assert_error(client.get(path(document, f"md/?{query}")), 400, "invalid")


def test_missing_seq_is_404_with_the_latest(client: APIClient, document: Document) -> None:
    """The error has the latest seq or version."""
    body = assert_error(client.get(path(document, "md/?version=9")), 404, "version_not_found")
    assert body["extra"] == {"latest": 3}
    body = assert_error(client.get(path(document, f"md/?seq={10**15}")), 404, "seq_not_found")
    assert body["extra"] == {"latest": 2}


def test_export_needs_the_right_to_read(document: Document) -> None:
    """404 for a stranger, 401 without an identity."""
    viewer = make_user()
    grant(viewer, Role.VIEWER, document.id)
    assert bearer(viewer).get(path(document, "html/")).status_code == 200
    answer = bearer(make_user()).get(path(document, "html/"))
    assert_error(answer, 404, "document_not_found")
    assert APIClient().get(path(document, "html/")).status_code == 401


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ('../../etc/passwd"\\', 'filename="etc passwd.md"'),
        ("CON: *?<|>", 'filename="CON_.md"'),
        ("nul.txt", 'filename="nul_.txt.md"'),
        ("Contents", 'filename="Contents.md"'),
        ("...", 'filename="document.md"'),
        ("Grüße 😀", f"filename*=utf-8''{quote('Grüße 😀.md')}"),
        ("x" * 200, f'filename="{"x" * 60}.md"'),
    ],
)
def test_file_name_of_a_title_is_valid_on_every_system(
    client: APIClient, owner: User, title: str, name: str
) -> None:
    """No path, no quotes, no end of a header."""
    document = make_document(owner, title=title)
    answer = client.get(path(document, "md/"))
    assert answer["Content-Disposition"] == f"attachment; {name}"


def test_hostile_content_is_harmless_in_the_html(client: APIClient, owner: User) -> None:
    """Title, text, attributes, unknown nodes, links."""
    document = make_document(owner, title="</title><script>alert(1)</script>")
    bad: Built = {"type": "link", "attrs": LINK["attrs"] | {"href": "javascript:alert(1)"}}
    evil = [
        block("script", "alert(1)"),
        block("heading", "<img src=x onerror=alert(1)>", level="1><script>"),
        block("codeBlock", "x", language='"><script>'),
        paragraph({"type": "text", "text": "said", "marks": [bad]}),
    ]
    write(document, content_update(evil)[0])
    html = client.get(path(document, "html/")).content.decode()
    assert "<script" not in html
    assert "<img" not in html
    assert "javascript" not in html
    assert "<p>said</p>" in html


@pytest.mark.parametrize("kind", ["html", "md"])
def test_text_has_the_pictures_where_they_are_asked_for(
    client: APIClient, owner: User, kind: str
) -> None:
    """As data; a file and a lost picture keep their addresses, and so does code."""
    document = make_document(owner)
    data = samples.png()
    upload = Upload(BytesIO(data), "a.png")
    stored = attachment_create(user=owner, document_id=document.id, upload=upload)
    lost = "0" * 64
    pictures = [block("image", attachment=one, alt="a [chart]") for one in (stored.id, lost)]
    named = block("file", attachment=stored.id, name="a.png")
    write(document, content_update([*pictures, named])[0])
    plain = client.get(path(document, f"{kind}/"))
    assert b"data:" not in plain.content
    shown = client.get(path(document, f"{kind}/?pictures=true"))
    assert shown.status_code == 200
    assert shown.headers["ETag"] != plain.headers["ETag"]
    text = shown.content.decode()
    encoded = text.partition("data:image/png;base64,")[2].partition(")" if kind == "md" else '"')[0]
    assert b64decode(encoded).startswith(b"\x89PNG")
    assert text.count("data:") == 1
    assert text.count(f"attachments/{lost}/") == text.count(f"attachments/{stored.id}/") == 1
    viewer = make_user()
    grant(viewer, Role.VIEWER, document.id)
    assert bearer(viewer).get(path(document, f"{kind}/?pictures=true")).status_code == 200
