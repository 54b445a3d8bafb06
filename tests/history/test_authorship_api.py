"""``authorship/``: the authors of the text at any seq, as the log has them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django_redis import get_redis_connection
from pytest_django import Settings
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.core.api.renderers import ReadyJSON, ReadyJSONRenderer
from apps.core.errors import ConflictError
from apps.crdt.ids.id_ranges import NO_VALUE
from apps.history import attribution
from apps.history.api.authorship_json import authorship_json
from apps.history.attribution import AttributionIndex, attribution_load
from apps.history.authorship import Authorship
from apps.oplog.bulk import operations_write
from apps.oplog.operation import Operation
from apps.oplog.quarantine import operation_quarantine
from apps.oplog.selectors import operations_iter
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import make_user
from tests.crdt.samples import each_value
from tests.history.pair import Pair
from tests.support.operations import Scribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair() -> Pair:
    """Return two authors and their document."""
    return Pair()


@pytest.fixture
def client(pair: Pair) -> Iterator[APIClient]:
    """Return a client of the first author."""
    yield bearer(pair.users[0])
    connection = get_redis_connection("default")
    for key in connection.scan_iter(f"scriptorium:clocks:*{pair.document.id}*"):
        connection.delete(key)


def pieces(client: APIClient, pair: Pair, query: str = "") -> list[tuple[str, str | None, int]]:
    """Return ``(text, username, seq)`` of each attributed text."""
    answer = client.get(f"/api/v1/documents/{pair.document.id}/authorship/{query}")
    assert answer.status_code == 200, answer.content
    return [
        (piece["text"], piece["author"]["username"], piece["seq"])
        for piece in answer.json()["pieces"]
    ]


def test_pieces_are_in_document_order_with_author_and_seq(client: APIClient, pair: Pair) -> None:
    """One author writes into the word of the other."""
    one, two = (user.username for user in pair.users)
    pair.write(0, 0, "Helo")
    pair.write(1, 2, "l")
    pair.write(1, 5, " 😀")
    assert pieces(client, pair) == [("He", one, 1), ("l", two, 2), ("lo", one, 1), (" 😀", two, 3)]
    body = client.get(f"/api/v1/documents/{pair.document.id}/authorship/").json()
    assert body["seq"] == 3
    assert body["pieces"][0]["author"]["id"] == pair.users[0].pk
    assert body["pieces"][0]["received_at"].endswith("Z")


def test_any_seq_has_its_authorship(client: APIClient, pair: Pair) -> None:
    """Including text that was deleted later; read after the present, and before it."""
    one, two = (user.username for user in pair.users)
    pair.write(0, 0, "one ")
    pair.write(1, 4, "two")
    pair.write(1, 0, "", delete=4)
    assert pieces(client, pair) == [("two", two, 2)]
    assert pieces(client, pair, "?seq=2") == [("one ", one, 1), ("two", two, 2)]
    assert pieces(client, pair, "?seq=0") == []
    pair.write(0, 3, "!")
    assert pieces(client, pair) == [("two", two, 2), ("!", one, 4)]


def test_index_is_read_from_the_log_once(
    client: APIClient, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later requests read only newer operations."""
    asked: list[int] = []

    def reading(*, document_id: str, after: int, limit: int | None) -> Iterator[Operation]:
        asked.append(after)
        return operations_iter(document_id=document_id, after=after, limit=limit)

    monkeypatch.setattr(attribution, "operations_iter", reading)
    pair.write(0, 0, "a")
    first = pieces(client, pair)
    assert pieces(client, pair) == first
    pair.write(1, 1, "b")
    assert len(pieces(client, pair)) == 2
    assert asked == [0, 1]


def test_damaged_index_in_redis_is_rebuilt(client: APIClient, pair: Pair) -> None:
    """Damaged, or of another form."""
    pair.write(0, 0, "a")
    expected = pieces(client, pair)
    [key] = get_redis_connection("default").keys(f"scriptorium:clocks:*{pair.document.id}*")
    for blob in (b"rubbish", b""):
        get_redis_connection("default").set(key, blob)
        assert pieces(client, pair) == expected


def test_redis_away_only_takes_longer(client: APIClient, pair: Pair, settings: Settings) -> None:
    """The index is built from the log."""
    pair.write(0, 0, "a")
    options = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {**settings.CACHES, "default": options}
    assert len(pieces(client, pair)) == 1


def test_client_runs_have_the_authors_of_id_ranges(client: APIClient, pair: Pair) -> None:
    """All ranges, or those after an operation; ranges of one author within a short time are one."""
    one, two = (user.pk for user in pair.users)
    path = f"/api/v1/documents/{pair.document.id}/authorship/clients/"
    assert client.get(path).json() == {"seq": 0, "authors": [], "runs": []}
    pair.write(0, 0, "Helo")
    pair.write(1, 2, "l")
    pair.write(0, 5, "!")

    def shown(query: str = "") -> list[tuple[int, int, int, int]]:
        answer = client.get(f"{path}{query}").json()
        assert answer["seq"] == 3
        assert {author["id"] for author in answer["authors"]} == {
            run["author"] for run in answer["runs"]
        }
        return [(run["client"], run["first"], run["end"], run["author"]) for run in answer["runs"]]

    # A paragraph and the text in it come first: two clocks.
    assert shown() == [(1, 0, 7, one), (2, 0, 1, two)]
    assert shown("?after=1") == [(1, 6, 7, one), (2, 0, 1, two)]
    assert shown("?after=2") == [(1, 6, 7, one)]
    assert shown("?after=3") == shown("?after=99") == []
    assert_error(client.get(f"{path}?after=-1"), 400, "invalid")
    assert_error(bearer(make_user()).get(path), 404, "document_not_found")


def test_answer_is_what_the_serializer_would_write(client: APIClient, pair: Pair) -> None:
    """With times of whole seconds and escaped characters; also in the browsable API."""
    pair.write(0, 0, 'say "\\ü\n😀')
    index = AttributionIndex()
    received = [datetime(2026, 11, 24, 3, 13, 0, ms * 1_000, tzinfo=UTC) for ms in (0, 7)]
    for operation, at in zip(Scribe().write_many(2), received, strict=True):
        index.add(replace(operation, received_at=at), is_quarantined=False)
    made = Authorship(2, ['"a\\\t\x01\x1f\x7f\b\f\r/', "ü😀\u2028\u2029"], [0, 1], index)
    author = {"id": 1, "username": 'q"'}
    body = {
        "seq": 2,
        "pieces": [
            {"text": text, "author": author, "seq": origin.seq, "received_at": at}
            for (text, origin), at in zip(made.pieces, received, strict=True)
        ],
        "deletions": "http://host/x",
    }
    written = authorship_json(made, dict.fromkeys(index.author_ids, author), "http://host/x")
    assert ReadyJSONRenderer().render(ReadyJSON(written)) == JSONRenderer().render(body)
    path = f"/api/v1/documents/{pair.document.id}/authorship/"
    page = client.get(path, headers={"accept": "text/html"})
    assert page["content-type"].startswith("text/html")
    assert "😀" in page.content.decode()


def test_author_without_an_account_has_no_name(client: APIClient, pair: Pair) -> None:
    """The edits stay."""
    pair.write(0, 0, "a")
    pair.write(1, 1, "b")
    pair.users[1].delete()
    assert pieces(client, pair)[1] == ("b", None, 2)


def test_quarantined_operation_inserts_nothing() -> None:
    """Earlier ids are not attributed to it."""
    scribe = Scribe()
    list(operations_write(scribe.write_many(2)))
    lost = scribe.write("lost")
    list(operations_write([lost]))
    operation_quarantine(lost, ConflictError("Broken."))
    found = attribution_load(document_id=scribe.document_id, lineage="l", up_to=3)
    assert found.seq == 3
    assert each_value(found.inserters(scribe.doc.client_id, 0, 4)) == [0, 0, 1, 1]
    assert found.origin(1).seq == 2


def test_index_is_decoded_as_it_was_encoded() -> None:
    """Insertions, deletions and origins."""
    scribe = Scribe()
    made = AttributionIndex()
    for operation in scribe.write_many(20):
        made.add(operation, is_quarantined=False)
    read = AttributionIndex.decode(made.encode())
    length = len(scribe.text)
    client = scribe.doc.client_id
    assert each_value(read.inserters(client, 0, length)) == each_value(
        made.inserters(client, 0, length)
    )
    assert read.origin(19) == made.origin(19)
    assert read.seq == 20
    assert (
        each_value(read.deleters(client, 0, length))
        == each_value(made.deleters(client, 0, length))
        == [NO_VALUE] * length
    )


def test_deletion_belongs_to_the_operation_that_was_first() -> None:
    """A repeated delete changes nothing; an operation that only deletes counts."""
    scribe = Scribe()
    attribution = AttributionIndex()
    attribution.add(scribe.write("one two"), is_quarantined=False)
    del scribe.content[0:3]
    attribution.add(scribe.write(""), is_quarantined=False)
    attribution.add(scribe.write("!"), is_quarantined=False)  # this update has the delete once more
    read = AttributionIndex.decode(attribution.encode())
    assert each_value(read.deleters(scribe.doc.client_id, 0, 7)) == [
        1,
        1,
        1,
        NO_VALUE,
        NO_VALUE,
        NO_VALUE,
        NO_VALUE,
    ]
    assert [read.origin(op_index).seq for op_index in (0, 1, 2)] == [1, 2, 3]
    assert each_value(read.deleters(99, 0, 2)) == [NO_VALUE, NO_VALUE]


def test_invalid_seq_and_stranger_are_refused(client: APIClient, pair: Pair) -> None:
    """400 and 404."""
    pair.write(0, 0, "a")
    path = f"/api/v1/documents/{pair.document.id}/authorship/"
    assert_error(client.get(f"{path}?seq=2"), 404, "seq_not_found")
    for query in ("seq=-1", "seq=x"):
        assert_error(client.get(f"{path}?{query}"), 400, "invalid")
    stranger: User = make_user()
    assert_error(bearer(stranger).get(path), 404, "document_not_found")
