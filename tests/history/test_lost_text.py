"""Text that was written into a paragraph which somebody else had deleted."""

from typing import Any

import pycrdt
import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.core import clock, ids
from apps.documents.models import Document
from apps.oplog.bulk import operations_write
from apps.oplog.operation import Operation
from tests.accounts.clients import bearer
from tests.accounts.factories import grant, make_user
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db


class Desk:
    """Ada's document, in which she and Grace write; an edit reaches the other when it is sent."""

    def __init__(self) -> None:
        self.ada: User = make_user(may_create=True)
        self.grace: User = make_user()
        self.document: Document = make_document(self.ada)
        grant(self.grace, Role.EDITOR, self.document.id)
        self.docs = {
            user.pk: pycrdt.Doc[Any](client_id=number)
            for number, user in enumerate((self.ada, self.grace), 1)
        }
        self.log: list[Operation] = []

    def edit(self, user: User, change: Any) -> bytes:
        """Change a person's document; nothing is sent."""
        doc = self.docs[user.pk]
        vector = doc.get_state()
        with doc.transaction():
            change(doc.get("default", type=pycrdt.XmlFragment).children)
        return doc.get_update(vector)

    def send(self, user: User, update: bytes) -> None:
        """Add an update to the log, and give it to both."""
        operation = Operation(
            self.document.id,
            len(self.log) + 1,
            ids.new_id(),
            str(user.pk),
            clock.now(),
            self.docs[user.pk].get_state(),
            update,
        )
        self.log.append(operation)
        list(operations_write([operation]))
        for doc in self.docs.values():
            doc.apply_update(update)

    def write(self, user: User, change: Any) -> None:
        """Change a person's document, and send it."""
        self.send(user, self.edit(user, change))


def paragraphs(*texts: str) -> Any:
    """Return a change that appends paragraphs."""

    def change(children: Any) -> None:
        for text in texts:
            children.append(pycrdt.XmlElement("paragraph")).children.append(pycrdt.XmlText(text))

    return change


def insert(block: int, at: int, text: str) -> Any:
    """Return a change that inserts text into a paragraph."""
    return lambda children: children[block].children[0].insert(at, text)


def delete(block: int) -> Any:
    """Return a change that deletes a paragraph."""
    return lambda children: children.__delitem__(block)


@pytest.fixture
def desk() -> Desk:
    """Return a document whose second paragraph Ada deleted while Grace wrote into it."""
    desk = Desk()
    desk.write(desk.ada, paragraphs("keep", "plan text", "end"))
    desk.write(desk.grace, insert(2, 3, "!"))
    word = desk.edit(desk.grace, insert(1, 4, " IMPORTANT"))
    desk.write(desk.ada, delete(1))
    desk.send(desk.grace, word)
    return desk


@pytest.fixture
def client(desk: Desk) -> APIClient:
    """Return a client of Ada's."""
    return bearer(desk.ada)


def call(client: APIClient, desk: Desk, path: str) -> Any:
    """Return the JSON at a path of the document."""
    answer = client.get(f"/api/v1/documents/{desk.document.id}/{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_text_that_nobody_saw_is_in_the_deletions(client: APIClient, desk: Desk) -> None:
    """By the operation that wrote it, with its author; the paragraph by the one that deleted it."""
    rows = call(client, desk, "deletions/")["results"]
    assert [row["seq"] for row in rows] == [4, 3]
    lost, deleted = rows
    assert lost["author"]["username"] == desk.grace.username
    assert lost["pieces"] == []
    [piece] = lost["written_into_deleted"]
    assert (piece["text"], piece["seq"]) == (" IMPORTANT", 4)
    assert piece["author"]["username"] == desk.grace.username
    assert [piece["text"] for piece in deleted["pieces"]] == ["plan text"]
    assert deleted["written_into_deleted"] == []
    [first] = call(client, desk, "deletions/?limit=1")["results"]
    assert first == lost
    assert call(client, desk, "deletions/?lost=true") == {"results": [lost], "next": None}


def test_text_that_is_there_is_not_lost(client: APIClient) -> None:
    """Two who write and delete in turns lose nothing."""
    desk = Desk()
    desk.write(desk.ada, paragraphs("one", "two"))
    desk.write(desk.grace, insert(1, 3, " and more"))
    desk.write(desk.ada, delete(1))
    rows = call(bearer(desk.ada), desk, "deletions/")["results"]
    assert [row["written_into_deleted"] for row in rows] == [[]]
    assert rows[0]["pieces"]
    assert call(bearer(desk.ada), desk, "deletions/?lost=true")["results"] == []


@pytest.mark.parametrize("is_text", [False, True], ids=["by its element", "by its text"])
def test_paragraph_comes_back_with_what_was_written_into_it(
    client: APIClient, desk: Desk, *, is_text: bool
) -> None:
    """By the part that a diff names; then it is Grace's, and it is no longer lost."""
    changes = call(client, desk, "at/3/diff/?against=2")["changes"]
    deleted = [row for row in changes if row["kind"] == "delete"]
    body = {"part": next(row["part"] for row in deleted if is_text == bool(row["text"]))}
    path = f"/api/v1/documents/{desk.document.id}/at/2/restore/"
    answer = client.post(path, body, format="json")
    assert answer.status_code == 201, answer.content
    pieces = call(client, desk, "authorship/")["pieces"]
    assert [(piece["text"], piece["author"]["username"]) for piece in pieces] == [
        ("keep", desk.ada.username),
        ("plan", desk.ada.username),
        (" IMPORTANT", desk.grace.username),
        (" text", desk.ada.username),
        ("end", desk.ada.username),
        ("!", desk.grace.username),
    ]
    rows = call(client, desk, "deletions/")["results"]
    assert [row["written_into_deleted"] for row in rows] == [[]] * len(rows)
    again = client.post(path, body, format="json")
    assert (again.status_code, again.json()["changed"]) == (200, False)


@pytest.mark.parametrize("is_first", [False, True], ids=["after the deletion", "before it"])
def test_lost_text_comes_back_at_its_place_by_itself(*, is_first: bool) -> None:
    """As a paragraph between the neighbours that stand, as its writer's; then it is not lost."""
    desk = Desk()
    desk.write(desk.ada, paragraphs("keep", "plan text", "end"))
    desk.write(desk.grace, paragraphs("last"))
    one = desk.edit(desk.grace, insert(1, 4, " IM"))
    more = desk.edit(desk.grace, insert(1, 7, "PORTANT"))
    gone = desk.edit(desk.ada, delete(1))
    if is_first:
        desk.send(desk.grace, one)
        desk.send(desk.grace, more)
    desk.send(desk.ada, gone)
    if not is_first:
        desk.send(desk.grace, one)
        desk.send(desk.grace, more)
    client = bearer(desk.ada)
    rows = call(client, desk, "deletions/?lost=true")["results"]
    assert [row["written_into_deleted"][0]["text"] for row in rows] == ["PORTANT", " IM"]
    back = rows[0]["bring_back"]
    path = f"/api/v1/documents/{desk.document.id}/at/{back['seq']}/restore/"
    answer = client.post(path, {"part": back["part"]}, format="json")
    assert (answer.status_code, answer.json()["changed"]) == (201, True), answer.content
    pieces = call(client, desk, "authorship/")["pieces"]
    assert [(piece["text"], piece["author"]["username"]) for piece in pieces] == [
        ("keep", desk.ada.username),
        (" IM", desk.grace.username),
        ("PORTANT", desk.grace.username),
        ("end", desk.ada.username),
        ("last", desk.grace.username),
    ]
    assert call(client, desk, "deletions/?lost=true")["results"] == []
    again = client.post(path, {"part": back["part"]}, format="json")
    assert (again.status_code, again.json()["changed"]) == (200, False)
