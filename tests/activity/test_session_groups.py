"""Session groups: sessions that overlap are one group, and pages read only their own rows."""

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
    """Return the owner of the document."""
    return make_user(may_create=True, first_name="Ada", last_name="Byron")


@pytest.fixture
def grace() -> User:
    """Return a second author."""
    return make_user(first_name="Grace")


@pytest.fixture
def client(ada: User) -> APIClient:
    """Return a client of the owner."""
    return bearer(ada)


@pytest.fixture
def scribe(ada: User) -> Scribe:
    """Return a writer of operations for a document with an empty log."""
    return Scribe(make_document(ada).id)


def write(scribe: Scribe, *turns: tuple[User, float]) -> None:
    """Write operations of ``(author, minutes ago)``."""
    operations = []
    for author, minutes_ago in turns:
        scribe.author_id = str(author.pk)
        operations.append(scribe.write("x", at=clock.now() - timedelta(minutes=minutes_ago)))
    list(operations_write(operations))


def path(scribe: Scribe, query: str = "") -> str:
    """Return the address of the session groups."""
    return f"/api/v1/documents/{scribe.document_id}/writing-sessions/{query}"


def ranges(body: dict[str, Any]) -> list[tuple[int, int, list[str]]]:
    """Return first and last seq and the authors' names of each group."""
    return [
        (row["first_seq"], row["last_seq"], [author["name"] for author in row["authors"]])
        for row in body["results"]
    ]


@pytest.mark.parametrize("recorded_up_to", [0, 3, 6, 7])
def test_group_ends_with_a_pause_or_another_author(
    client: APIClient, scribe: Scribe, ada: User, grace: User, recorded_up_to: int
) -> None:
    """However far the workers have read; authors who write at once share a group."""
    turns = [(ada, 90), (ada, 89), (grace, 85), (ada, 40), (grace, 39), (ada, 38), (grace, 1)]
    write(scribe, *turns[:recorded_up_to])
    writing_advance(document_id=scribe.document_id)
    write(scribe, *turns[recorded_up_to:])
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


def test_groups_come_in_pages(client: APIClient, scribe: Scribe, ada: User, grace: User) -> None:
    """Each once, also a group that begins before a session of the previous page ends."""
    write(scribe, (ada, 300), (ada, 200), (grace, 200), (ada, 199), (ada, 100), (grace, 1))
    writing_advance(document_id=scribe.document_id)
    url, pages = path(scribe, "?limit=2"), []
    while url:
        body = client.get(url).json()
        pages.append([row[:2] for row in ranges(body)])
        url = body["next"]
    assert pages == [[(6, 6), (5, 5)], [(2, 4), (1, 1)]]


def test_log_beyond_the_trail_is_read_in_chunks(
    client: APIClient, scribe: Scribe, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session does not end where a chunk does."""
    monkeypatch.setattr(session_selectors, "OPERATIONS_PER_READ", 2)
    write(scribe, *((ada, 9 - number) for number in range(7)))
    assert ranges(client.get(path(scribe)).json()) == [(1, 7, ["Ada Byron"])]


def test_group_has_its_named_versions_and_restores(
    client: APIClient, scribe: Scribe, ada: User
) -> None:
    """On any page; automatic versions are not included."""
    write(scribe, (ada, 60), (ada, 59))
    client.post(path(scribe).replace("writing-sessions", "versions"), {"name": "Draft"})
    write(scribe, (ada, 5), (ada, 4))
    detail = {"number": None, "seq": 1, "operation_seq": 4}
    activity_record(
        document_id=scribe.document_id,
        actor_id=ada.pk,
        event_type=EventType.RESTORED,
        detail=detail,
    )
    later, earlier = client.get(path(scribe)).json()["results"]
    assert [(version["name"], version["seq"]) for version in earlier["versions"]] == [("Draft", 2)]
    assert (earlier["restores"], later["versions"]) == ([], [])
    [restore] = later["restores"]
    assert (restore["operation_seq"], restore["seq"], restore["number"]) == (4, 1, None)
    assert restore["actor"]["name"] == "Ada Byron"
    assert client.get(path(scribe, "?before=3")).json()["results"] == [earlier]


def test_characters_are_counted_when_requested(
    client: APIClient, scribe: Scribe, ada: User, grace: User
) -> None:
    """For the groups of the page; the address of the next page repeats the request."""
    write(scribe, (ada, 60), (ada, 59))
    scribe.author_id = str(grace.pk)
    list(operations_write([scribe.erase(0, 1), scribe.write("four😀")]))
    assert [row["letters"] for row in client.get(path(scribe)).json()["results"]] == [None, None]
    first = client.get(path(scribe, "?letters=true&limit=1")).json()
    assert first["results"][0]["letters"] == {"added": 6, "removed": 1}
    [earlier] = client.get(first["next"]).json()["results"]
    assert earlier["letters"] == {"added": 2, "removed": 0}
    assert_error(client.get(path(scribe, "?letters=perhaps")), 400, "invalid")


def test_characters_before_the_compaction_point_are_null(
    client: APIClient, scribe: Scribe, ada: User
) -> None:
    """Later groups have counts, which include later deletions of earlier text."""
    old = [scribe.write("old ", at=clock.now() - timedelta(minutes=60))]
    list(operations_write(old))
    writing_advance(document_id=scribe.document_id)
    snapshot = Snapshot(1, scribe.doc.get_state(), scribe.doc.get_update())
    number = version_create(document_id=scribe.document_id, snapshot=snapshot)
    compacted_append(
        document_id=scribe.document_id,
        operations=[CompactedOperation.of(operation) for operation in old],
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
    """As stored in the trail."""
    write(scribe, (grace, 60))
    writing_advance(document_id=scribe.document_id)
    grace.delete()
    [row] = client.get(path(scribe)).json()["results"]
    assert row["authors"] == [{"id": None, "username": grace.username, "name": grace.username}]


def test_document_without_edits_has_no_groups(client: APIClient, scribe: Scribe) -> None:
    """An empty page, not an error."""
    assert client.get(path(scribe)).json() == {"results": [], "next": None}


@pytest.mark.parametrize("query", ["?limit=0", "?limit=x", "?before=0", "?limit=201"])
def test_invalid_query_is_400(client: APIClient, scribe: Scribe, query: str) -> None:
    """With the standard error body."""
    assert_error(client.get(path(scribe, query)), 400, "invalid")


def test_stranger_gets_404(scribe: Scribe) -> None:
    """As for a document that does not exist."""
    assert_error(bearer(make_user()).get(path(scribe)), 404, "document_not_found")
