"""Sittings: sessions that overlap are one, and each page costs only what it shows."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.activity import session_selectors
from apps.activity.event_types import EventType
from apps.activity.services import activity_record
from apps.activity.session_tracker import writing_advance
from apps.core import clock
from apps.history.services import version_create
from apps.history.snapshot import Snapshot
from apps.oplog.bulk import operations_write
from apps.oplog.compacted_operations import CompactedOperation
from apps.oplog.compaction_point import CompactionPoint, compacted_append, compaction_point_advance
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import make_user
from tests.documents.factories import make_document
from tests.support.operations import Scribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    """Return who owns the document."""
    return make_user(may_create=True, first_name="Ada", last_name="Byron")


@pytest.fixture
def grace() -> User:
    """Return who writes as well."""
    return make_user(first_name="Grace")


@pytest.fixture
def client(ada: User) -> APIClient:
    """Return a client of the owner."""
    return bearer(ada)


@pytest.fixture
def scribe(ada: User) -> Scribe:
    """Return the writer of a document whose log is empty yet."""
    return Scribe(make_document(ada).id)


def write(scribe: Scribe, *turns: tuple[User, float]) -> None:
    """Write operations: by whom, how many minutes ago."""
    operations = []
    for author, minutes_ago in turns:
        scribe.author_id = str(author.pk)
        operations.append(scribe.write("x", at=clock.now() - timedelta(minutes=minutes_ago)))
    list(operations_write(operations))


def path(scribe: Scribe, query: str = "") -> str:
    """Return the address of the sittings."""
    return f"/api/v1/documents/{scribe.document_id}/writing-sessions/{query}"


def ranges(body: dict[str, Any]) -> list[tuple[int, int, list[str]]]:
    """Return first and last seq and the authors' names of each sitting."""
    return [
        (row["first_seq"], row["last_seq"], [each["name"] for each in row["authors"]])
        for row in body["results"]
    ]


@pytest.mark.parametrize("told_up_to", [0, 3, 6, 7])
def test_sitting_ends_with_a_pause_or_another_author(
    client: APIClient, scribe: Scribe, ada: User, grace: User, told_up_to: int
) -> None:
    """Wherever the workers have come to; who write at once share one."""
    turns = [(ada, 90), (ada, 89), (grace, 85), (ada, 40), (grace, 39), (ada, 38), (grace, 1)]
    write(scribe, *turns[:told_up_to])
    writing_advance(document_id=scribe.document_id)
    write(scribe, *turns[told_up_to:])
    body = client.get(path(scribe)).json()
    assert ranges(body) == [
        (7, 7, ["Grace"]),
        (4, 6, ["Ada Byron", "Grace"]),
        (3, 3, ["Grace"]),
        (1, 2, ["Ada Byron"]),
    ]
    assert body["next"] is None
    assert [row["operations"] for row in body["results"]] == [1, 3, 1, 2]
    assert [row["ongoing"] for row in body["results"]] == [True, False, False, False]
    shared = body["results"][1]
    assert shared["began_at"] < shared["last_at"]


def test_sittings_come_in_pages(client: APIClient, scribe: Scribe, ada: User, grace: User) -> None:
    """Each once, also one that is longer than a page's beginning."""
    write(scribe, (ada, 300), (ada, 200), (grace, 200), (ada, 199), (ada, 100), (grace, 1))
    writing_advance(document_id=scribe.document_id)
    url, pages = path(scribe, "?limit=2"), []
    while url:
        body = client.get(url).json()
        pages.append([row[:2] for row in ranges(body)])
        url = body["next"]
    assert pages == [[(6, 6), (5, 5)], [(2, 4), (1, 1)]]


def test_long_log_that_nobody_has_told_is_read_in_turns(
    client: APIClient, scribe: Scribe, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session does not end where a turn does."""
    monkeypatch.setattr(session_selectors, "TURN", 2)
    write(scribe, *((ada, 9 - number) for number in range(7)))
    assert ranges(client.get(path(scribe)).json()) == [(1, 7, ["Ada Byron"])]


def test_names_and_ways_back_stand_in_their_sitting(
    client: APIClient, scribe: Scribe, ada: User
) -> None:
    """Of any page; automatic versions do not."""
    write(scribe, (ada, 60), (ada, 59))
    client.post(path(scribe).replace("writing-sessions", "versions"), {"name": "Draft"})
    write(scribe, (ada, 5), (ada, 4))
    detail = {"number": None, "seq": 1, "operation_seq": 4}
    activity_record(
        document_id=scribe.document_id, actor_id=ada.pk, kind=EventType.RESTORED, detail=detail
    )
    later, earlier = client.get(path(scribe)).json()["results"]
    assert [(each["name"], each["seq"]) for each in earlier["versions"]] == [("Draft", 2)]
    assert (earlier["restores"], later["versions"]) == ([], [])
    [restore] = later["restores"]
    assert (restore["operation_seq"], restore["seq"], restore["number"]) == (4, 1, None)
    assert restore["actor"]["name"] == "Ada Byron"
    assert client.get(path(scribe, "?before=3")).json()["results"] == [earlier]


def test_letters_that_came_and_went_are_counted_when_asked_for(
    client: APIClient, scribe: Scribe, ada: User, grace: User
) -> None:
    """By whoever was first; each page says it of its own, and so does the next one's address."""
    write(scribe, (ada, 60), (ada, 59))
    scribe.author_id = str(grace.pk)
    list(operations_write([scribe.erase(0, 1), scribe.write("four😀")]))
    assert [row["letters"] for row in client.get(path(scribe)).json()["results"]] == [None, None]
    first = client.get(path(scribe, "?letters=true&limit=1")).json()
    assert first["results"][0]["letters"] == {"added": 6, "removed": 1}
    [earlier] = client.get(first["next"]).json()["results"]
    assert earlier["letters"] == {"added": 2, "removed": 0}
    assert_error(client.get(path(scribe, "?letters=perhaps")), 400, "invalid")


def test_letters_of_before_a_compacted_logs_beginning_are_not_known(
    client: APIClient, scribe: Scribe, ada: User
) -> None:
    """Those of after it are, also of what was written before it and deleted since."""
    old = [scribe.write("old ", at=clock.now() - timedelta(minutes=60))]
    list(operations_write(old))
    writing_advance(document_id=scribe.document_id)
    snapshot = Snapshot(1, scribe.doc.get_state(), scribe.doc.get_update())
    number = version_create(document_id=scribe.document_id, snapshot=snapshot)
    compacted_append(
        document_id=scribe.document_id, operations=[CompactedOperation.of(each) for each in old]
    )
    compaction_point_advance(
        CompactionPoint(scribe.document_id, 1, number, scribe.doc.get_state(), clock.now())
    )
    list(operations_write([scribe.write("new"), scribe.erase(0, 3)]))
    later, earlier = client.get(path(scribe, "?letters=true")).json()["results"]
    assert (later["letters"], earlier["letters"]) == ({"added": 3, "removed": 3}, None)


def test_deleted_author_keeps_the_name_of_that_time(
    client: APIClient, scribe: Scribe, grace: User
) -> None:
    """As the trail has it."""
    write(scribe, (grace, 60))
    writing_advance(document_id=scribe.document_id)
    grace.delete()
    [row] = client.get(path(scribe)).json()["results"]
    assert row["authors"] == [{"id": None, "username": grace.username, "name": grace.username}]


def test_document_without_an_edit_has_none(client: APIClient, scribe: Scribe) -> None:
    """Which is no error."""
    assert client.get(path(scribe)).json() == {"results": [], "next": None}


@pytest.mark.parametrize("query", ["?limit=0", "?limit=x", "?before=0", "?limit=201"])
def test_odd_query_is_told(client: APIClient, scribe: Scribe, query: str) -> None:
    """400 in the one shape."""
    assert_error(client.get(path(scribe, query)), 400, "invalid")


def test_stranger_learns_of_no_document(scribe: Scribe) -> None:
    """404, as everywhere."""
    assert_error(bearer(make_user()).get(path(scribe)), 404, "document_not_found")
