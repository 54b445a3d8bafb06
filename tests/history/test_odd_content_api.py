"""Content that no editor of ours writes and the gate accepts: it breaks no view of the document.

One such operation would break the views of all versions behind it, for as long as the log is.
"""

import json
import struct
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.core import clock, ids
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import encode_vector
from apps.documents.models import Document
from apps.oplog.bulk import operations_write
from apps.oplog.operation import Operation
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import make_user
from tests.crdt.samples import item, letters, string, written
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db

BINARY, EMBED, FORMAT, TYPE, ANY = 3, 5, 6, 7, 8
PARAGRAPH = b"\x03\x09paragraph"
#: A paragraph (1, 0) with a text (1, 1).
PLAIN = [item(TYPE, PARAGRAPH, parent="default"), item(TYPE, b"\x06", parent=(1, 0))]


def value(encoded: bytes) -> bytes:
    """Return the struct of an attribute of the paragraph."""
    return item(ANY, b"\x01" + encoded, parent=(1, 0), key="id")


def shared(kind: int, name: str = "") -> bytes:
    """Return the struct of an attribute that is a shared type."""
    content = bytes((kind,)) + (string(name) if name else b"")
    return item(TYPE, content, parent=(1, 0), key="id")


def number(float_: float) -> bytes:
    """Return a number as JavaScript encodes it."""
    return b"\x7b" + struct.pack(">d", float_)


ODD = {
    "NaN": value(number(float("nan"))),
    "an infinite number": value(number(float("-inf"))),
    "undefined": value(b"\x7f"),
    "bytes": value(b"\x74\x02\xff\xfe"),
    "a bigint": value(b"\x7a\x7f" + b"\xff" * 7),
    "values inside": value(b"\x76\x01\x01a\x75\x02" + number(float("nan")) + b"\x74\x01\xff"),
    "bytes as content": item(BINARY, b"\x02\xff\xfe", parent=(1, 0), key="id"),
    "a map": shared(1),
    "an array": shared(0),
    "a text": shared(6),
    "an element": shared(3, "paragraph"),
    "an embedded text": item(EMBED, string('"words"'), parent=(1, 1)),
    "an embedded number": item(EMBED, string("3"), parent=(1, 1)),
    "an embedded null": item(EMBED, string("null"), parent=(1, 1)),
    "an embedded array": item(EMBED, string('["words"]'), parent=(1, 1)),
    "an element in a text": item(TYPE, PARAGRAPH, parent=(1, 1)),
    "values in a text": item(ANY, b"\x02\x7e\x77\x05words", parent=(1, 1)),
    "a mark that is a text": item(FORMAT, string("bold") + string('"x"'), parent=(1, 1)),
    "a mark that is an array": item(FORMAT, string("bold") + string("[1]"), parent=(1, 1)),
    "letters in the root": letters("loose", left=(1, 0)),
    "an emoji in the root": letters("\N{GRINNING FACE}", left=(1, 0)),
    "a map in the root": item(TYPE, b"\x01", left=(1, 0)),
    "values in the root": item(ANY, b"\x02\x7e\x77\x05words", left=(1, 0)),
}

VIEWS = [
    "authorship/",
    "authorship/?seq=2",
    "authorship/clients/",
    "deletions/",
    "at/2/diff/?against=0",
    "at/2/diff/?against=1",
    "at/3/diff/?against=2",
    "at/4/diff/?against=3",
    "at/4/diff/?against=0",
    "at/3/state/",
    "state/",
    *(f"export/{kind}/" for kind in ("json", "html", "md", "txt", "yjs")),
]


@pytest.fixture
def owner() -> User:
    """Return the owner of the document."""
    return make_user(may_create=True)


@pytest.fixture
def document(owner: User) -> Document:
    """Return a document."""
    return make_document(owner)


@pytest.fixture
def client(owner: User) -> APIClient:
    """Return a client of the owner."""
    return bearer(owner)


def log(document: Document, *updates: bytes) -> None:
    """Write operations into the log; the gate accepts each of them."""
    operations, vector = [], dict[int, int]()
    for seq, update in enumerate(updates, 1):
        vector |= read_update(update).end_vector()
        encoded, author = encode_vector(vector), str(document.owner_id)
        operations.append(
            Operation(document.id, seq, ids.new_id(), author, clock.now(), encoded, update)
        )
    list(operations_write(operations))


def get(client: APIClient, document: Document, view: str) -> Any:
    """Return a view's answer; JSON has to be what every browser reads."""
    response = client.get(f"/api/v1/documents/{document.id}/{view}")
    assert response.status_code == 200, (view, response.content)
    body = response.getvalue()
    if response["Content-Type"].startswith("application/json"):
        return json.loads(body, parse_constant=pytest.fail)
    return body


@pytest.mark.parametrize("name", ODD)
def test_odd_content_breaks_no_view(client: APIClient, document: Document, name: str) -> None:
    """Neither when it is there, nor when it came or went."""
    odd = written([(1, 2, [ODD[name]])])
    end = read_update(odd).end_vector()[1]
    text = written([(2, 0, [letters("after", parent=(1, 1))])])
    log(document, written([(1, 0, PLAIN)]), odd, text, written([], [(1, [(2, end - 2)])]))
    for view in VIEWS:
        get(client, document, view)


def test_embedded_text_belongs_to_no_author(client: APIClient, document: Document) -> None:
    """Only characters have authors; those around it keep theirs."""
    embedded = item(EMBED, string('"words"'), left=(1, 3))
    texts = [letters("ab", parent=(1, 1)), embedded, letters("cd", left=(1, 4))]
    log(document, written([(1, 0, [*PLAIN, *texts])]))
    answer = get(client, document, "authorship/")
    assert [piece["text"] for piece in answer["pieces"]] == ["abcd"]


def test_attribute_without_a_form_in_json_is_null(client: APIClient, document: Document) -> None:
    """In the export and in a diff; unchanged ones are no change."""
    log(document, written([(1, 0, [*PLAIN, ODD["NaN"]])]), written([(2, 0, [letters("a")])]))
    exported = get(client, document, "export/json/")
    assert exported["content"][0]["attrs"] == {"id": None}
    [segment] = get(client, document, "at/2/diff/?against=1")["changes"][:1]
    assert segment["node"]["attributes"] == {"id": None}
    assert "attributes_before" not in segment["node"]


def test_import_beside_text_in_the_root_is_a_conflict(
    client: APIClient, document: Document
) -> None:
    """The engine panics there; the answer is an error of ours, and nothing is written."""
    log(document, written([(1, 0, [letters("\N{GRINNING FACE}", parent="default")])]))
    response = client.post(
        f"/api/v1/documents/{document.id}/import/", {"format": "md", "content": "More."}
    )
    assert_error(response, 409, "content_shape")
