"""``documents/``: the list, its pages, cursors and parameters."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.documents.services import document_rename
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import grant, make_group, make_user
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db

DOCUMENTS = "/api/v1/documents/"


def pages(client: APIClient, url: str | None, link: str = "next") -> Iterator[list[dict[str, Any]]]:
    """Yield the results of one page after the other, following ``link``."""
    while url:
        response = client.get(url)
        assert response.status_code == 200, response.json()
        body = response.json()
        yield body["results"]
        url = body[link]


def titles(client: APIClient, query: str = "") -> list[str]:
    """Return the titles of all pages of a list."""
    return [row["title"] for page in pages(client, f"{DOCUMENTS}{query}") for row in page]


def test_list_has_own_and_shared_documents_and_no_others(client: APIClient, owner: User) -> None:
    """Documents shared with the user or with a group of the user's, by role."""
    other = make_user(may_create=True)
    make_document(owner, title="own")
    direct, by_group = make_document(other, title="direct"), make_document(other, title="by group")
    make_document(other, title="not shared")
    grant(owner, Role.VIEWER, direct.id)
    grant(make_group(owner), Role.EDITOR, by_group.id)
    rows = client.get(f"{DOCUMENTS}?ordering=title").json()["results"]
    assert [(row["title"], row["role"], row["owner"]["username"]) for row in rows] == [
        ("by group", "editor", other.username),
        ("direct", "viewer", other.username),
        ("own", "owner", owner.username),
    ]
    assert titles(client, "?owned=true") == ["own"]
    assert sorted(titles(client, "?owned=false")) == ["by group", "direct"]


def test_list_search_and_ordering_combine(client: APIClient, owner: User) -> None:
    """Case does not matter; every word must match."""
    for title in ("Plan B", "plan a", "Other", "Straße plan"):
        make_document(owner, title=title)
    assert titles(client, "?search=PLAN&ordering=title") == ["plan a", "Plan B", "Straße plan"]
    assert titles(client, "?search=plan+STRASSE") == ["Straße plan"]
    assert titles(client, "?search=plan+other") == []
    assert titles(client, "?search=STR%C3%81SSE+pl%C3%A4n") == ["Straße plan"]
    make_document(owner, title="Minutes of 2026-11-24")
    assert titles(client, "?search=2026-11-24") == ["Minutes of 2026-11-24"]
    assert titles(client, "?search=2026-11-25") == []
    assert titles(client, "?ordering=-title")[0] == "Straße plan"


@pytest.mark.parametrize("ordering", ["-updated_at", "updated_at", "title", "-title"])
@pytest.mark.parametrize("title", ["same", "2026-11-24 minutes"])
def test_list_goes_page_by_page_to_the_end_and_back(
    client: APIClient, owner: User, ordering: str, title: str
) -> None:
    """Each document once, equal titles included, with the same rows in both directions.

    One title begins like a date: some Mongo dialects would compare it as one.
    """
    made = {make_document(owner, title=f"{title} {number % 2}").id for number in range(11)}
    forward = list(pages(client, f"{DOCUMENTS}?page_size=3&ordering={ordering}"))
    assert [len(page) for page in forward] == [3, 3, 3, 2]
    seen = [row["id"] for page in forward for row in page]
    assert len(seen) == 11
    assert set(seen) == made
    last = f"{DOCUMENTS}?page_size=3&ordering={ordering}"
    while following := client.get(last).json()["next"]:
        last = following
    backward = list(pages(client, last, "previous"))
    assert [row["id"] for page in backward[::-1] for row in page] == seen


def test_list_page_is_stable_when_read_rows_change(client: APIClient, owner: User) -> None:
    """A document that moves to the front meanwhile does not push another onto the next page."""
    documents = [make_document(owner, title=str(number)) for number in range(4)]
    first = client.get(f"{DOCUMENTS}?page_size=2").json()
    assert [row["title"] for row in first["results"]] == ["3", "2"]
    document_rename(user=owner, document_id=documents[2].id, title="2 again")
    second = client.get(first["next"]).json()
    assert [row["title"] for row in second["results"]] == ["1", "0"]
    assert second["next"] is None


def test_list_page_size_is_kept_within_its_limits(
    client: APIClient, owner: User, settings: Settings
) -> None:
    """A single request cannot read all documents."""
    settings.DOCUMENT_PAGE_SIZE, settings.DOCUMENT_PAGE_SIZE_MAX = 2, 3
    for number in range(5):
        make_document(owner, title=str(number))
    sizes = {"": 2, "0": 1, "1": 1, "-1": 2, "x": 2, "٣": 2, "4": 3, "9" * 5000: 3}
    for asked, size in sizes.items():
        response = client.get(DOCUMENTS, {"page_size": asked})
        assert len(response.json()["results"]) == size, asked


def cursor(**values: object) -> str:
    """Return a cursor as an attacker would write it."""
    usual = {
        "ordering": "-updated_at",
        "value": "2026-01-01T00:00:00Z",
        "tie": "",
        "backward": False,
    }
    raw = json.dumps({**usual, **values}).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "ä",
        "\x00",
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
        base64.urlsafe_b64encode(b"null").decode(),
        cursor(ordering="title"),
        cursor(value="yesterday"),
        cursor(value="0001-01-01T00:00:00+14:00"),
        cursor(value={"$gt": ""}),
        cursor(tie={"$ne": 1}),
        cursor(backward="yes"),
        cursor(more=1),
    ],
)
def test_list_with_a_forged_cursor_is_400(client: APIClient, text: str) -> None:
    """A cursor is validated like all input; it cannot contain an operator of the database."""
    assert_error(client.get(DOCUMENTS, {"cursor": text}), 400, "invalid_cursor")


def test_list_cursor_of_another_user_reveals_nothing(client: APIClient, owner: User) -> None:
    """Another user's cursor is only a position in the order."""
    other = make_user(may_create=True)
    for _ in range(3):
        make_document(other)
    make_document(owner, title="own")
    foreign = bearer(other).get(f"{DOCUMENTS}?page_size=1&ordering=title").json()["next"]
    text = parse_qs(urlsplit(foreign).query)["cursor"][0]
    rows = client.get(DOCUMENTS, {"ordering": "title", "cursor": text}).json()["results"]
    assert {row["title"] for row in rows} <= {"own"}


@pytest.mark.parametrize(
    "query",
    [
        {"ordering": "owner_id"},
        {"ordering": "$where"},
        {"trashed": "perhaps"},
        {"owned": "2"},
        {"search": "x" * 201},
        {"search": "a\x00b"},
    ],
)
def test_list_with_an_invalid_parameter_is_400_and_names_it(
    client: APIClient, query: dict[str, str]
) -> None:
    """An invalid parameter is not ignored."""
    body = assert_error(client.get(DOCUMENTS, query), 400, "invalid")
    assert set(body["extra"]["fields"]) == set(query)
