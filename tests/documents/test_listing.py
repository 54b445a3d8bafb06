"""Pages of long lists: the same rows by each access path, and the queries of each path."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from apps.accounts import selectors as accounts
from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.documents import listing, selectors
from apps.documents.listing import Edge, Listing
from apps.documents.models import Document
from apps.documents.services import document_rename, document_trash
from tests.accounts.clients import bearer
from tests.accounts.factories import grant, make_group, make_user
from tests.documents.factories import make_document
from tests.support.commands import Asked, asked
from tests.support.many_documents import RARE_WORD, documents_fill

pytestmark = pytest.mark.django_db

DOCUMENTS = "/api/v1/documents/"

#: The limits that select each access path for a handful of documents.
WAYS = {
    "by ids": {"FEW_PERMISSIONS": 1_000},
    "along the order": {"FEW_PERMISSIONS": 0, "SCAN_MAX_SPREAD": 1_000_000},
    "along the order, in vain": {
        "FEW_PERMISSIONS": 0,
        "SCAN_MAX_SPREAD": 1_000_000,
        "SCAN_WINDOWS": 0,
    },
    "by all ids": {"FEW_PERMISSIONS": 0, "SCAN_MAX_SPREAD": 0},
}


@pytest.fixture(params=WAYS)
def access_path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Use one access path for all lists."""
    for name, value in WAYS[request.param].items():
        monkeypatch.setattr(listing, name, value)
    return str(request.param)


@pytest.fixture
def reader() -> User:
    """Return a user with own, shared and trashed documents, beside those of others.

    There are two documents of each title, and titles that match a search beside others.
    """
    reader, other = make_user(may_create=True), make_user(may_create=True)
    group = make_group(reader)
    for number in range(6):
        title = f"Plan {number // 2} {'harbour' if number % 2 else 'garden'}"
        own, shared = make_document(reader, title=title), make_document(other, title=title)
        make_document(other, title=title)
        grant(reader if number % 2 else group, Role.VIEWER, shared.id)
        grant(group, Role.EDITOR, own.id)
        if number == 5:
            document_trash(user=reader, document_id=own.id)
            document_trash(user=other, document_id=shared.id)
    return reader


def read_through(found: Listing, *, size: int, backward: bool = False) -> Iterator[Any]:
    """Yield all documents of a list, page by page."""
    edge: Edge | None = None
    while page := found.page(size=size, after=edge, backward=backward):
        yield from page
        edge = found.order.edge_of(page[-1].to_mongo())


def expected(user: User, question: dict[str, Any]) -> list[str]:
    """Return the ids of a list, found by a check of every document."""
    ids = []
    for document in Document.objects(id__in=list(accounts.document_roles(user=user))):
        role = accounts.abilities_get(user=user, document_id=document.id).role
        words = question.get("search", "").split()
        if (
            role
            and document.trashed == question.get("trashed", False)
            and not (document.trashed and role is not Role.OWNER)
            and question.get("owned", role is Role.OWNER) == (role is Role.OWNER)
            and all(word in document.title.lower() for word in words)
        ):
            ids.append(document.id)
    return sorted(ids)


#: Filters of a list, and the number of the reader's documents that match each.
QUESTIONS: tuple[tuple[dict[str, Any], int], ...] = (
    ({}, 10),
    ({"owned": True}, 5),
    ({"owned": False}, 5),
    ({"trashed": True}, 1),
    ({"search": "harbour"}, 4),
    ({"search": "harbour plan"}, 4),
    ({"search": "lighthouse"}, 0),
)


@pytest.mark.usefixtures("access_path")
@pytest.mark.parametrize("ordering", selectors.ORDERINGS)
def test_listing_has_the_same_rows_in_the_same_order_by_each_path(
    reader: User, ordering: str
) -> None:
    """Each document once, in both directions."""
    for question, count in QUESTIONS:
        found = selectors.documents_list(user=reader, ordering=ordering, **question)
        rows = list(read_through(found, size=2))
        assert len(rows) == count, question
        assert sorted(row.id for row in rows) == expected(reader, question)
        field, sign = found.order.field, -1 if found.order.descending else 1
        keys = [(getattr(row, field), row.lineage) for row in rows]
        assert keys == sorted(keys)[::sign]
        backward = [row.id for row in read_through(found, size=3, backward=True)]
        assert backward == [row.id for row in rows][::-1]


@pytest.mark.usefixtures("access_path")
def test_listing_page_is_stable_when_a_title_changes(reader: User) -> None:
    """The cursor is a value in the order, not a row that must exist."""
    found = selectors.documents_list(user=reader, ordering="title", owned=True)
    first = found.page(size=2)
    document_rename(user=reader, document_id=first[-1].id, title="Zebra")
    rest = found.page(size=100, after=Edge(first[-1].title_folded, first[-1].lineage))
    assert len({row.id for row in [*first, *rest]}) == 5
    assert rest[-1].id == first[-1].id


def _asked_by(client: APIClient, query: str) -> Asked:
    with asked() as found:
        assert client.get(f"{DOCUMENTS}{query}").status_code == 200
    return found


@pytest.mark.parametrize("query", ["", f"?search={RARE_WORD}", "?owned=true", "?ordering=title"])
def test_list_of_200_documents_needs_as_many_queries_as_one_of_10(query: str) -> None:
    """In PostgreSQL and MongoDB, with own and shared documents."""
    few, many, other = (make_user() for _ in range(3))
    documents_fill(reader=few.username, count=10, owners=[other.username, few.username])
    documents_fill(reader=many.username, count=200, owners=[other.username, many.username])
    counts = _asked_by(bearer(few), query).counts
    assert min(counts) > 0
    assert _asked_by(bearer(many), query).counts == counts


def test_list_needs_as_many_queries_for_any_page(settings: Settings) -> None:
    """One more than for the first page: for rows equal to the last row of the page before."""
    settings.DOCUMENT_PAGE_SIZE = 25
    reader = make_user()
    documents_fill(reader=reader.username, count=200)
    client = bearer(reader)
    queries, commands = _asked_by(client, "").counts
    address = client.get(DOCUMENTS).json()["next"]
    for _ in range(3):
        with asked() as found:
            answer = client.get(address)
        assert found.counts == (queries, commands + 1)
        address = answer.json()["next"]


def test_list_of_very_many_documents_needs_a_bounded_number_of_queries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also when the windows of the order find nothing, and at any page."""
    monkeypatch.setattr(listing, "FEW_PERMISSIONS", 100)
    monkeypatch.setattr(listing, "SCAN_MAX_SPREAD", Document.objects.count() + 400)
    reader, other = make_user(), make_user()
    documents_fill(reader=reader.username, count=400, owners=[other.username])
    client = bearer(reader)
    address: str | None = DOCUMENTS
    seen = []
    while address:
        with asked() as found:
            answer = client.get(address).json()
        queries, commands = found.counts
        # Four to choose the path, two for each window and for all ids, four for the page.
        assert queries <= 4 + 2 * (listing.SCAN_WINDOWS + 1) + 4
        assert commands <= 1 + 2 * (listing.SCAN_WINDOWS + 1)
        seen += [row["id"] for row in answer["results"]]
        address = answer["next"]
    assert len(seen) == len(set(seen)) == 400


def test_cards_of_many_documents_need_as_many_queries_as_one() -> None:
    """Roles and owners are read for all cards at once."""
    reader, other = make_user(), make_user()
    documents_fill(reader=reader.username, count=30, owners=[other.username])
    documents = selectors.documents_list(user=reader).page(size=30)
    assert len(documents) == 30
    counts = []
    for rows in (documents[:1], documents):
        with asked() as found:
            selectors.document_cards(rows, user=reader)
        counts.append(found.counts)
    assert counts[0] == counts[1]
