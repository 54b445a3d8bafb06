"""The log stream, from which a page replays a document, in the form of ``docs/protocol.md``."""

from typing import Any

import pycrdt
import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.collab.api import log_views
from apps.core.errors import ConflictError
from apps.crdt.codec.lib0 import Decoder
from apps.oplog.bulk import operations_write
from apps.oplog.quarantine import operation_quarantine
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import grant, make_user
from tests.documents.factories import make_document
from tests.support.operations import Scribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    """Return the document's owner."""
    return make_user(may_create=True)


@pytest.fixture
def scribe(owner: User) -> Scribe:
    """Return the writer of a document with an empty log."""
    return Scribe(make_document(owner).id, author_id=str(owner.pk))


def path(scribe: Scribe, query: str = "") -> str:
    """Return the URL of the log stream."""
    return f"/api/v1/documents/{scribe.document_id}/operations/stream/{query}"


def unpacked(content: bytes) -> list[tuple[str, str, int, bytes]]:
    """Return ``(author id, username, ms, update)`` of each operation."""
    decoder = Decoder(content)
    count = decoder.var_uint()
    authors = [(decoder.var_string(), decoder.var_string()) for _ in range(count)]
    rows = []
    while not decoder.done():
        author = authors[decoder.var_uint()]
        rows.append((*author, decoder.var_uint(), decoder.var_bytes()))
    return rows


def test_log_comes_whole_with_authors_and_times(owner: User, scribe: Scribe) -> None:
    """Its updates make the document; a writer without an account has no name."""
    operations = scribe.write_many(3)
    scribe.author_id = "987654"
    operations.append(scribe.write("end"))
    list(operations_write(operations))
    response = bearer(owner).get(path(scribe))
    assert (response.status_code, response.headers["X-Document-Seq"]) == (200, "4")
    rows = unpacked(response.content)
    assert [row[:2] for row in rows] == [(str(owner.pk), owner.username)] * 3 + [("987654", "")]
    moments = [round(operation.received_at.timestamp() * 1000) for operation in operations]
    assert [row[2] for row in rows] == moments
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for row in rows:
        doc.apply_update(row[3])
    assert str(doc.get("content", type=pycrdt.Text)) == scribe.text


def test_log_comes_in_parts(owner: User, scribe: Scribe) -> None:
    """Pages by ``after`` and ``limit``, up to an empty one."""
    operations = scribe.write_many(5)
    list(operations_write(operations))
    client = bearer(owner)
    middle = client.get(path(scribe, "?after=2&limit=2"))
    assert [row[3] for row in unpacked(middle.content)] == [e.update for e in operations[2:4]]
    assert middle.headers["X-Document-Seq"] == "4"
    beyond = client.get(path(scribe, "?after=5"))
    assert (unpacked(beyond.content), beyond.headers["X-Document-Seq"]) == ([], "5")


def test_answer_is_bounded_in_size(
    owner: User, scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has at least one operation, of any length."""
    operations = scribe.write_many(4)
    list(operations_write(operations))
    client = bearer(owner)
    two = sum(len(op.update) + len(op.version_vector) for op in operations[:2])
    monkeypatch.setattr(log_views, "STREAM_MAX_BYTES", two)
    assert client.get(path(scribe)).headers["X-Document-Seq"] == "2"
    monkeypatch.setattr(log_views, "STREAM_MAX_BYTES", 1)
    assert client.get(path(scribe, "?after=2")).headers["X-Document-Seq"] == "3"


def test_quarantined_operation_has_an_empty_update(owner: User, scribe: Scribe) -> None:
    """It is no part of the document, and keeps its position."""
    operations = scribe.write_many(3)
    list(operations_write(operations))
    operation_quarantine(operations[1], ConflictError("Broken."))
    rows = unpacked(bearer(owner).get(path(scribe)).content)
    assert [row[3] for row in rows] == [operations[0].update, b"", operations[2].update]


@pytest.mark.parametrize("query", ["?after=-1", "?limit=0", "?limit=1001", "?after=x"])
def test_invalid_query_is_400(owner: User, scribe: Scribe, query: str) -> None:
    """The answer has the usual shape of errors."""
    assert_error(bearer(owner).get(path(scribe, query)), 400, "invalid")


def test_only_readers_get_the_log(scribe: Scribe) -> None:
    """A stranger gets 404; a viewer reads."""
    list(operations_write(scribe.write_many(1)))
    someone = make_user()
    assert_error(bearer(someone).get(path(scribe)), 404, "document_not_found")
    assert APIClient().get(path(scribe)).status_code == 401
    grant(someone, Role.VIEWER, scribe.document_id)
    assert len(unpacked(bearer(someone).get(path(scribe)).content)) == 1
