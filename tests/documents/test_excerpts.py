"""The excerpt of a document: bounded, listed without a query, no older than a reader may see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.documents import selectors
from apps.documents.excerpts import EXCERPT_MAX_CHARS, excerpt_of, excerpt_set
from apps.documents.heads import Head, heads_advance
from apps.documents.models import Document, document_rows
from apps.documents.services import document_history_set
from tests.accounts.clients import bearer
from tests.accounts.factories import grant, make_user
from tests.documents.factories import make_document
from tests.support.commands import asked

pytestmark = pytest.mark.django_db

DOCUMENTS = "/api/v1/documents/"


def write(document: Document, seq: int) -> None:
    """Advance the head of a document."""
    heads_advance([Head(document.id, seq, None, document.updated_at)])


def listed(client: APIClient, document: Document) -> str:
    """Return the excerpt in the list, which is that of the document itself."""
    [row] = client.get(DOCUMENTS).json()["results"]
    assert row["id"] == document.id
    assert client.get(f"{DOCUMENTS}{document.id}/").json()["excerpt"] == row["excerpt"]
    return str(row["excerpt"])


@pytest.mark.parametrize(
    ("text", "excerpt"),
    [
        ("", ""),
        ("Plan\nOne  \t two", "Plan One two"),
        ("a\x00b\u202ec", "a bc"),
        ("\u200b\n\u3164", ""),
        ("x" * 160, "x" * 160),
        ("x" * 161, "x" * 160),
        ("x" * 100 + " " + "y" * 100, "x" * 100),
        ("x" * 159 + "  y z", "x" * 159),
    ],
)
def test_excerpt_is_one_line_of_whole_words(text: str, excerpt: str) -> None:
    """Without invisible characters, and without those that turn the direction of a row."""
    assert excerpt_of(text) == excerpt


@given(st.text())
def test_excerpt_of_any_text_is_bounded_and_can_be_stored(text: str) -> None:
    """On one line, in UTF-8."""
    excerpt = excerpt_of(text)
    assert len(excerpt) <= EXCERPT_MAX_CHARS
    assert len(excerpt.splitlines()) < 2
    assert excerpt.encode().decode() == excerpt


def test_document_lists_its_excerpt_once_it_is_stored(owner: User, client: APIClient) -> None:
    """A new document has none, nor one of a release that stored none."""
    document = make_document(owner)
    assert listed(client, document) == ""
    write(document, 3)
    excerpt_set(document_id=document.id, seq=3, text="Dear Grace,\nthe harbour")
    assert listed(client, document) == "Dear Grace, the harbour"
    document_rows().update_one({"_id": document.id}, {"$unset": {"excerpt": "", "excerpt_seq": ""}})
    assert listed(client, document) == ""


def test_excerpt_of_before_is_hidden_with_the_history(owner: User, client: APIClient) -> None:
    """It may have words that were deleted since; what is of the head shows to every reader."""
    document, reader = make_document(owner), make_user()
    grant(reader, Role.VIEWER, document.id)
    write(document, 3)
    excerpt_set(document_id=document.id, seq=3, text="A secret")
    document_history_set(user=owner, document_id=document.id, changes={"viewers_may_look": False})
    assert listed(bearer(reader), document) == "A secret"
    write(document, 4)
    assert listed(bearer(reader), document) == ""
    assert listed(client, document) == "A secret"
    excerpt_set(document_id=document.id, seq=4, text="Nothing")
    assert listed(bearer(reader), document) == "Nothing"
    document_history_set(user=owner, document_id=document.id, changes={"viewers_may_look": True})
    write(document, 5)
    assert listed(bearer(reader), document) == "Nothing"


@pytest.mark.parametrize("of_before", [False, True])
def test_late_worker_replaces_no_newer_excerpt(owner: User, of_before: bool) -> None:
    """An equal seq passes, as a worker that continues stores it again; a row without one too."""
    document = make_document(owner)
    if of_before:
        document_rows().update_one(
            {"_id": document.id}, {"$unset": {"excerpt": "", "excerpt_seq": ""}}
        )
    for seq, text, stored in [(4, "a", "a"), (3, "b", "a"), (4, "c", "c"), (5, "d", "d")]:
        excerpt_set(document_id=document.id, seq=seq, text=text)
        document.reload()
        assert document.excerpt == stored


def test_excerpts_of_a_page_cost_no_query(owner: User) -> None:
    """With and without them."""
    documents = [make_document(owner) for _ in range(20)]
    counts = []
    for _ in range(2):
        rows = selectors.documents_list(user=owner).page(size=50)
        with asked() as found:
            cards = selectors.document_cards(rows, user=owner)
        counts.append((found.counts, {card.excerpt for card in cards}))
        for document in documents:
            excerpt_set(document_id=document.id, seq=0, text="Words")
    assert counts == [(counts[0][0], {""}), (counts[0][0], {"Words"})]
