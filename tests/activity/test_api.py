"""``documents/{id}/activity/``: order, pages, rights and invalid queries."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import DOCUMENT_ROLES, Role
from apps.activity.event_types import EventType
from apps.activity.models import Activity
from apps.activity.services import activity_record
from apps.activity.session_tracker import writing_advance
from apps.core import clock, ids
from apps.documents.models import Document
from apps.oplog.bulk import operations_write
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import grant, make_user
from tests.documents.factories import make_document
from tests.support.operations import Scribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    """Return a user who may create documents."""
    return make_user(may_create=True, first_name="Ada", last_name="Byron")


@pytest.fixture
def client(owner: User) -> APIClient:
    """Return a client of the owner."""
    return bearer(owner)


@pytest.fixture
def document(owner: User) -> Document:
    """Return a document of the owner."""
    return make_document(owner)


@pytest.fixture
def path(document: Document) -> str:
    """Return the address of its trail."""
    return f"/api/v1/documents/{document.id}/activity/"


def rename(client: APIClient, document: Document, count: int) -> None:
    """Give the document one title after the other."""
    for number in range(count):
        client.patch(f"/api/v1/documents/{document.id}/", {"title": f"Title {number}"})


def write(document: Document, author: User, *, minutes_ago: float) -> None:
    """Write an operation, and run the session tracker on the log."""
    scribe = Scribe(document.id, author_id=str(author.pk))
    at = clock.now() - timedelta(minutes=minutes_ago)
    list(operations_write(scribe.write_many(1, at=at)))
    writing_advance(document_id=document.id)


def kinds(body: dict[str, Any]) -> list[str]:
    """Return the event types of a page, in its order."""
    return [row["kind"] for row in body["results"]]


def test_rows_have_actor_time_and_detail_the_latest_first(
    client: APIClient, owner: User, document: Document, path: str
) -> None:
    """The actor has the name that others see."""
    rename(client, document, 1)
    body = client.get(path).json()
    assert (kinds(body), body["next"]) == (["renamed", "created"], None)
    row = body["results"][0]
    assert set(row) == {"id", "kind", "actor", "at", "detail", "subject_name"}
    assert row["actor"] == {"id": owner.pk, "username": owner.username, "name": "Ada Byron"}
    assert row["detail"] == {"old_title": "A title", "title": "Title 0"}
    assert row["at"] >= body["results"][1]["at"]


def test_pages_hold_each_row_once(client: APIClient, document: Document, path: str) -> None:
    """Also events of the same time, and while others are recorded."""
    now = clock.now()
    Activity.objects.bulk_create(
        Activity(document_id=document.id, kind=EventType.JOINED, at=now) for _ in range(5)
    )
    url, seen = f"{path}?limit=2", list[int]()
    while url:
        body = client.get(url).json()
        assert len(body["results"]) <= 2
        seen += [row["id"] for row in body["results"]]
        url = body["next"]
        rename(client, document, 1)
    stored = Activity.objects.filter(document_id=document.id).order_by("-at", "-id")
    assert seen == [row.pk for row in stored.exclude(kind="renamed")]


def test_ongoing_session_is_among_the_rows(
    client: APIClient, owner: User, document: Document, path: str
) -> None:
    """At the time of its last edit, with the id that its stored row will have."""
    write(document, owner, minutes_ago=5)
    body = client.get(path).json()
    assert kinds(body) == ["created", "edited"]
    row = body["results"][1]
    assert row["actor"]["username"] == owner.username
    assert (row["detail"]["ongoing"], row["detail"]["operations"]) == (True, 1)
    assert not Activity.objects.filter(kind="edited").exists()
    body = client.get(f"{path}?limit=1").json()
    assert kinds(body) == ["created"]
    assert kinds(client.get(body["next"]).json()) == ["edited"]
    rest = client.get(f"{path}?before={row['id']}").json()
    assert (rest["results"], rest["next"]) == ([], None)


def test_session_that_ends_between_two_requests_keeps_its_row(
    client: APIClient, owner: User, document: Document, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stored row has the id and the time of the row shown before."""
    write(document, owner, minutes_ago=5)
    shown = client.get(path).json()["results"][1]
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    writing_advance(document_id=document.id)
    stored = Activity.objects.get(document_id=document.id, kind="edited")
    assert stored.pk == shown["id"]
    body = client.get(path).json()
    assert kinds(body) == ["created", "edited"]
    assert (body["results"][1]["at"], body["results"][1]["id"]) == (shown["at"], shown["id"])
    assert "ongoing" not in body["results"][1]["detail"]


@pytest.mark.parametrize("role", DOCUMENT_ROLES)
def test_reader_sees_sharing_events_only_with_the_right_to_share(
    client: APIClient, document: Document, path: str, role: Role
) -> None:
    """Pages without them are full, too."""
    reader = make_user()
    grant(reader, role, document.id)
    body = {"user": make_user().username, "role": "viewer"}
    permissions = f"/api/v1/documents/{document.id}/permissions/"
    row = client.post(permissions, body).json()["id"]
    client.patch(f"{permissions}{row}/", {"role": "editor"})
    client.delete(f"{permissions}{row}/")
    rename(client, document, 1)
    seen = kinds(bearer(reader).get(path).json())
    sharing = ["unshared", "role_changed", "shared"] if role is Role.OWNER else []
    assert seen == ["renamed", *sharing, "created"]
    page = bearer(reader).get(f"{path}?limit=2").json()
    assert len(page["results"]) == 2


def test_event_about_a_person_has_the_present_name(
    client: APIClient, document: Document, path: str
) -> None:
    """As the actor has; an event about a document or a group has none."""
    grace = make_user("grace-h", first_name="Grace", last_name="Hopper")
    body = {"user": grace.username, "role": "viewer"}
    client.post(f"/api/v1/documents/{document.id}/permissions/", body)
    shared, created = client.get(path).json()["results"]
    assert (shared["detail"]["user"], shared["subject_name"]) == ("grace-h", "Grace Hopper")
    assert created["subject_name"] is None


def test_stranger_gets_404(document: Document, path: str) -> None:
    """404 as for a document that does not exist; 401 without a login."""
    assert_error(bearer(make_user()).get(path), 404, "document_not_found")
    assert APIClient().get(path).status_code == 401
    nowhere = f"/api/v1/documents/{ids.new_id()}/activity/"
    assert_error(bearer(make_user()).get(nowhere), 404, "document_not_found")


def test_nobody_writes_the_trail_by_rest(client: APIClient, path: str) -> None:
    """The address is read-only."""
    for call in (client.post, client.put, client.patch, client.delete):
        assert call(path, {}).status_code == 405


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "before=0", "before=-1", "before=x"]
)
def test_invalid_query_is_400(client: APIClient, path: str, query: str) -> None:
    """With the standard error body."""
    assert_error(client.get(f"{path}?{query}"), 400, "invalid")


@pytest.mark.parametrize(
    ("number", "code"), [(2**40, "unknown_activity"), (2**63, "invalid"), (10**30, "invalid")]
)
def test_page_before_an_unknown_id_is_400(
    client: APIClient, path: str, number: int, code: str
) -> None:
    """Also for numbers that are no id of the database."""
    assert_error(client.get(f"{path}?before={number}"), 400, code)


def test_page_before_an_event_of_another_document_is_400(client: APIClient, path: str) -> None:
    """Ids refer to events of the same document."""
    other = activity_record(document_id=ids.new_id(), actor_id=None, event_type=EventType.JOINED)
    assert_error(client.get(f"{path}?before={other.pk}"), 400, "unknown_activity")


def test_events_of_a_deleted_account_keep_its_name(
    client: APIClient, document: Document, path: str
) -> None:
    """The actor has no id, and the name at that time."""
    gone = make_user("gone-by-now")
    activity_record(document_id=document.id, actor_id=gone.pk, event_type=EventType.JOINED)
    gone.delete()
    row = client.get(path).json()["results"][0]
    assert row["actor"] == {"id": None, "username": "gone-by-now", "name": "gone-by-now"}
