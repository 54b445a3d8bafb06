"""The last writers of a document: stored with each write, listed without a query for each row."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.documents import selectors
from apps.documents.heads import Head, heads_advance
from apps.documents.models import Document
from apps.documents.services import document_history_set, document_rename
from apps.documents.writers import SLOTS, Writer, writers_read, writers_set
from tests.accounts.clients import bearer
from tests.accounts.factories import grant, make_user
from tests.documents.factories import make_document
from tests.support.commands import asked

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 30, 8, tzinfo=UTC)
DOCUMENTS = "/api/v1/documents/"


def write(document_id: str, seq: int, *authors: str) -> None:
    """Advance the head of a document by operations of authors, one a second."""
    times = [START + timedelta(seconds=seq + index) for index in range(len(authors))]
    writers = [Writer(author, at) for author, at in zip(authors, times, strict=True)]
    heads_advance([Head(document_id, seq + len(authors), None, times[-1], writers)])


def written(document_id: str) -> list[tuple[str, int]]:
    """Return the stored writers with the seconds of their last changes, the last one first."""
    found = writers_read(Document.objects.get(id=document_id).writers)
    return [(writer.author_id, (writer.at - START).seconds) for writer in found]


def strangers() -> Iterator[str]:
    """Yield ids of accounts that do not exist."""
    yield from map(str, range(900_000_000, 900_001_000))


def test_each_write_stores_its_authors_with_their_last_time() -> None:
    """Of one author the last time only, and nothing of a write that is behind the head."""
    document = make_document()
    write(document.id, 0, "1", "2", "1")
    assert written(document.id) == [("1", 2), ("2", 1)]
    write(document.id, 3, "2")
    assert written(document.id) == [("2", 3), ("1", 2)]
    write(document.id, 1, "7")
    assert written(document.id) == [("2", 3), ("1", 2)]


def test_entity_does_not_grow_with_the_number_of_writers() -> None:
    """A document that a thousand people wrote in remembers some, the last one among them."""
    document = make_document()
    authors = list(strangers())
    write(document.id, 0, *authors)
    found = written(document.id)
    assert len(found) == SLOTS
    assert found[0] == (authors[-1], len(authors) - 1)


def test_documents_of_before_have_no_writers() -> None:
    """Neither has one whose author is no account's id."""
    assert writers_read(None) == []
    assert writers_read({}) == []
    assert writers_set([Writer("ghost", START)]) == {}


def test_list_names_the_last_writers(owner: User, client: APIClient) -> None:
    """The last one first, at most ``WRITERS_SHOWN``; no account, no name; a rename counts."""
    document, other = make_document(owner), make_user()
    gone = str(owner.pk + 1_000 * SLOTS - 1)
    write(document.id, 0, str(owner.pk), gone, str(other.pk))
    [row] = client.get(DOCUMENTS).json()["results"]
    assert [(writer["id"], writer["username"], writer["name"]) for writer in row["writers"]] == [
        (other.pk, other.username, other.display_name),
        (int(gone), None, None),
        (owner.pk, owner.username, owner.display_name),
    ]
    assert row["writers"][0]["at"] == "2026-11-30T08:00:02Z" == row["updated_at"]
    document_rename(user=owner, document_id=document.id, title="Another")
    [row] = client.get(DOCUMENTS).json()["results"]
    assert row["writers"][0]["id"] == owner.pk
    assert row["writers"][0]["at"] == row["updated_at"]
    write(document.id, 3, *list(strangers())[:100])
    [row] = client.get(DOCUMENTS).json()["results"]
    assert len(row["writers"]) == selectors.WRITERS_SHOWN


def test_writers_are_hidden_with_the_history(owner: User, client: APIClient) -> None:
    """A viewer who may not see the history is not told who wrote; the owner is."""
    document, reader = make_document(owner), make_user()
    grant(reader, Role.VIEWER, document.id)
    write(document.id, 0, str(owner.pk))

    def writers_for(reading: APIClient) -> int:
        listed = reading.get(DOCUMENTS).json()["results"][0]["writers"]
        single = reading.get(f"{DOCUMENTS}{document.id}/").json()["writers"]
        assert listed == single
        return len(listed)

    assert writers_for(bearer(reader)) == 1
    document_history_set(user=owner, document_id=document.id, changes={"viewers_may_look": False})
    assert writers_for(bearer(reader)) == 0
    assert writers_for(client) == 1


def test_writers_of_a_page_cost_one_query(owner: User) -> None:
    """For one row and for 50 with two hundred writers: the names, all at once."""
    authors = list(strangers())
    documents = [make_document(owner) for _ in range(50)]
    for index, document in enumerate(documents):
        write(document.id, 0, *authors[4 * index : 4 * index + 4])
    rows = selectors.documents_list(user=owner).page(size=50)
    assert len(rows) == 50
    counts = []
    for page in (rows[:1], rows):
        with asked() as found:
            cards = selectors.document_cards(page, user=owner)
        counts.append(found.counts)
        assert all(card.writers for card in cards)
    for row in rows:
        row.writers = {}
    with asked() as found:
        selectors.document_cards(rows, user=owner)
    queries, commands = found.counts
    assert counts == [(queries + 1, commands)] * 2
