"""``deletions/``: the deleted text, with the authors of the text and of its deletion."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import make_user
from tests.history.pair import Pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair() -> Pair:
    """Return two authors and their document."""
    return Pair()


@pytest.fixture
def client(pair: Pair) -> APIClient:
    """Return a client of the first author."""
    return bearer(pair.users[0])


def path(pair: Pair) -> str:
    """Return the URL."""
    return f"/api/v1/documents/{pair.document.id}/deletions/"


def shown(answer: dict[str, Any]) -> list[tuple[int, str, list[tuple[str, str]]]]:
    """Return ``(seq, author, [(text, author of the text)])`` of each row."""
    return [
        (
            row["seq"],
            row["author"]["username"],
            [(piece["text"], piece["author"]["username"]) for piece in row["pieces"]],
        )
        for row in answer["results"]
    ]


def test_deletions_have_their_text_and_its_authors(client: APIClient, pair: Pair) -> None:
    """Also of text that no version has."""
    one, two = (user.username for user in pair.users)
    assert client.get(path(pair)).json() == {"results": [], "next": None}
    pair.write(0, 0, "Hello world")
    pair.write(1, 5, " 😀 big")
    pair.write(1, 5, "", delete=len(" 😀".encode()))
    pair.write(0, 3, "", delete=8)
    answer = client.get(path(pair)).json()
    assert shown(answer) == [
        (4, one, [(" big", two), ("lo w", one)]),
        (3, two, [(" 😀", two)]),
    ]
    assert answer["next"] is None
    authorship = client.get(f"/api/v1/documents/{pair.document.id}/authorship/").json()
    assert client.get(authorship["deletions"]).json() == answer


def test_pages_go_back_to_the_first(client: APIClient, pair: Pair) -> None:
    """Each row once."""
    pair.write(0, 0, "0123456789")
    for _ in range(7):
        pair.write(0, 0, "", delete=1)
    rows, address = [], f"{path(pair)}?limit=3"
    while address:
        answer = client.get(address).json()
        rows += shown(answer)
        address = answer["next"]
    assert [(seq, pieces[0][0]) for seq, _, pieces in rows] == [
        (8 - number, str(6 - number)) for number in range(7)
    ]


def test_invalid_page_and_stranger_are_refused(client: APIClient, pair: Pair) -> None:
    """400 and 404."""
    for query in ("before=0", "limit=0", "limit=201", "before=x"):
        assert_error(client.get(f"{path(pair)}?{query}"), 400, "invalid")
    assert_error(bearer(make_user()).get(path(pair)), 404, "document_not_found")
