"""``…/diff/``: the changes between two versions or seqs, with their authors."""

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


def diff(client: APIClient, pair: Pair, rest: str) -> dict[str, Any]:
    """Return the JSON of a diff."""
    answer = client.get(f"/api/v1/documents/{pair.document.id}/{rest}")
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def words(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return ``(kind, text, username)`` of each text segment."""
    return [
        (change["kind"], change["text"], change["author"]["username"])
        for change in answer["changes"]
        if "node" not in change
    ]


def test_diff_of_seqs_has_the_authors_of_insertions_and_deletions(
    client: APIClient, pair: Pair
) -> None:
    """In document order; adjacent segments of one author are merged."""
    one, two = (user.username for user in pair.users)
    pair.write(0, 0, "Hello ")
    pair.write(0, 6, "big ")
    pair.write(0, 10, "world")
    pair.write(1, 6, "", delete=4)
    pair.write(1, 6, "wi")
    pair.write(1, 8, "de 😀 ")
    answer = diff(client, pair, "at/6/diff/?against=3")
    assert (answer["against"], answer["seq"]) == (3, 6)
    assert words(answer) == [
        ("equal", "Hello ", one),
        ("delete", "big ", two),
        ("insert", "wide 😀 ", two),
        ("equal", "world", one),
    ]
    gone = answer["changes"][2]
    assert (gone["seq"], gone["author"]["id"]) == (4, pair.users[1].pk)
    assert gone["part"] == f"1-{8}-4"
    paragraph = answer["changes"][0]
    assert (paragraph["kind"], paragraph["depth"]) == ("equal", 0)
    assert paragraph["node"] == {"type": "paragraph", "attributes": {}}
    assert answer["changes"][1]["depth"] == 1


def test_diff_without_against_is_with_the_one_before(client: APIClient, pair: Pair) -> None:
    """The operation before, or the version before; nothing before the first of either."""
    one, _ = (user.username for user in pair.users)
    path = f"/api/v1/documents/{pair.document.id}/versions/"
    pair.write(0, 0, "a")
    pair.write(0, 1, "b")
    assert words(diff(client, pair, "at/2/diff/")) == [("equal", "a", one), ("insert", "b", one)]
    assert diff(client, pair, "at/0/diff/")["changes"] == []
    assert client.post(path, {"name": "ab"}).json()["number"] == 2
    pair.write(0, 0, "", delete=1)
    assert client.post(path, {"name": "b"}).json()["number"] == 3
    answer = diff(client, pair, "versions/3/diff/")
    assert (answer["against"], answer["seq"]) == (2, 3)
    assert words(answer) == [("delete", "a", one), ("equal", "b", one)]
    assert words(diff(client, pair, "versions/3/diff/?against=1")) == [("insert", "b", one)]
    assert diff(client, pair, "versions/1/diff/")["changes"] == []


def test_later_text_of_a_diff_is_the_text_of_the_state(client: APIClient, pair: Pair) -> None:
    """The earlier text is that of the other state."""
    for number in range(12):
        pair.write(number % 2, number // 2, f"{number} ", delete=number % 3)
    answer = diff(client, pair, "at/12/diff/?against=7")
    path = f"/api/v1/documents/{pair.document.id}/export/txt/"
    for seq, kind in ((12, "insert"), (7, "delete")):
        shown = "".join(text for what, text, _ in words(answer) if what in ("equal", kind))
        assert client.get(f"{path}?seq={seq}").content.decode().strip() == shown.strip()


def test_author_without_an_account_has_no_name(client: APIClient, pair: Pair) -> None:
    """The change keeps its author's id."""
    pair.write(0, 0, "ab")
    pair.write(1, 1, "", delete=1)
    gone = pair.users[1].pk
    pair.users[1].delete()
    answer = diff(client, pair, "at/2/diff/")
    assert answer["changes"][-1]["author"] == {"id": gone, "username": None, "name": None}


def test_invalid_range_and_stranger_are_refused(client: APIClient, pair: Pair) -> None:
    """A later state first, missing seqs and versions, and text that is no number."""
    pair.write(0, 0, "a")
    path = f"/api/v1/documents/{pair.document.id}"
    answer = client.get(f"{path}/at/0/diff/?against=1")
    assert_error(answer, 400, "wrong_way_round")
    assert answer.json()["extra"] == {"against": 1, "seq": 0}
    client.post(f"{path}/versions/", {"name": "a"})
    assert_error(client.get(f"{path}/versions/1/diff/?against=2"), 400, "wrong_way_round")
    assert_error(client.get(f"{path}/versions/1/diff/?against=9"), 404, "version_not_found")
    assert_error(client.get(f"{path}/versions/9/diff/"), 404, "version_not_found")
    assert_error(client.get(f"{path}/at/9/diff/"), 404, "seq_not_found")
    for query in ("-1", "x", "1.5"):
        assert_error(client.get(f"{path}/at/1/diff/?against={query}"), 400, "invalid")
    assert_error(bearer(make_user()).get(f"{path}/at/1/diff/"), 404, "document_not_found")
