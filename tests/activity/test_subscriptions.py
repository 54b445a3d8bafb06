"""Each event is recorded once, with its detail."""

import pytest
from django.db import DatabaseError
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import Permission, User
from apps.accounts.roles import Role
from apps.activity.models import Activity
from apps.core import metrics
from apps.documents import events
from apps.documents.events import DocumentChange
from apps.documents.models import Document
from apps.documents.services import document_create
from apps.documents.sharing import share_create
from tests.accounts.clients import bearer
from tests.accounts.factories import grant, make_group, make_user, new_document_id
from tests.activity.trail import trail
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    """Return a user who may create documents."""
    return make_user(may_create=True)


@pytest.fixture
def client(owner: User) -> APIClient:
    """Return a client of the owner."""
    return bearer(owner)


@pytest.fixture
def document(owner: User) -> Document:
    """Return a document of the owner."""
    return make_document(owner, title="First")


@pytest.fixture
def path(document: Document) -> str:
    """Return the document's address."""
    return f"/api/v1/documents/{document.id}/"


def test_creation_is_recorded_without_an_event_for_the_owners_role(
    owner: User, document: Document
) -> None:
    """One row."""
    assert trail(document.id) == [("created", owner.username, {"title": "First"})]


def test_rename_is_recorded_with_both_titles(
    client: APIClient, owner: User, document: Document, path: str
) -> None:
    """As they are stored; the same title again is no event."""
    for title in (" Second ", "Second"):
        assert client.patch(path, {"title": title}).status_code == 200
    titles = {"old_title": "First", "title": "Second"}
    assert trail(document.id, "renamed") == [("renamed", owner.username, titles)]


def test_version_that_is_named_is_recorded(
    client: APIClient, owner: User, document: Document, path: str
) -> None:
    """For the present state and for an old version; removing a name is no event."""
    assert client.post(f"{path}versions/", {"name": "Draft"}).status_code == 201
    for name in ("First", ""):
        assert client.patch(f"{path}versions/1/", {"name": name}).status_code == 200
    assert trail(document.id, "named") == [
        ("named", owner.username, {"number": 2, "seq": 0, "name": "Draft"}),
        ("named", owner.username, {"number": 1, "seq": 0, "name": "First"}),
    ]


def test_trash_and_untrash_are_recorded(
    client: APIClient, owner: User, document: Document, path: str
) -> None:
    """Each once, though each is requested twice."""
    for call in (client.delete, client.delete):
        call(path)
    for _ in range(2):
        client.post(f"{path}restore/")
    assert trail(document.id)[1:] == [
        ("trashed", owner.username, {}),
        ("untrashed", owner.username, {}),
    ]


def test_sharing_is_recorded_from_the_first_role_to_the_last(
    client: APIClient, owner: User, document: Document, path: str
) -> None:
    """With a person; the same role again is no event."""
    grace = make_user()
    body = {"user": grace.username, "role": "viewer"}
    row = client.post(f"{path}permissions/", body).json()["id"]
    for role in ("editor", "editor"):
        client.patch(f"{path}permissions/{row}/", {"role": role})
    client.delete(f"{path}permissions/{row}/")
    who = {"user": grace.username}
    assert trail(document.id)[1:] == [
        ("shared", owner.username, {**who, "role": "viewer"}),
        ("role_changed", owner.username, {**who, "old_role": "viewer", "role": "editor"}),
        ("unshared", owner.username, {**who, "role": "editor"}),
    ]


def test_sharing_with_a_group_and_leaving_are_recorded(
    client: APIClient, owner: User, document: Document, path: str
) -> None:
    """The person who leaves is the actor."""
    make_group(name="trail writers")
    viewer = make_user()
    own = grant(viewer, Role.VIEWER, document.id)
    client.post(f"{path}permissions/", {"group": "trail writers", "role": "editor"})
    bearer(viewer).delete(f"{path}permissions/{own.pk}/")
    assert trail(document.id)[1:] == [
        ("shared", owner.username, {"group": "trail writers", "role": "editor"}),
        ("unshared", viewer.username, {"user": viewer.username, "role": "viewer"}),
    ]


def test_refused_request_is_not_recorded(client: APIClient, document: Document, path: str) -> None:
    """Nothing has changed."""
    viewer = make_user()
    grant(viewer, Role.VIEWER, document.id)
    stranger = bearer(viewer)
    answers = [
        stranger.patch(path, {"title": "Mine"}),
        stranger.delete(path),
        stranger.post(f"{path}permissions/", {"user": viewer.username, "role": "owner"}),
        client.post(f"{path}permissions/", {"user": viewer.username, "role": "editor"}),
        client.patch(path, {"title": "x" * 201}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 409, 400]
    assert [row[0] for row in trail(document.id)] == ["created"]


def test_sharing_in_the_admin_is_recorded(document: Document) -> None:
    """Added, changed, moved to another person, deleted; by form and by action."""
    admin, grace, alan = make_user(is_staff=True, is_superuser=True), make_user(), make_user()
    browser = Client()
    browser.force_login(admin)
    base = "/admin/accounts/permission/"
    form = {"user": grace.pk, "group": "", "document_id": document.id, "role": "editor"}
    browser.post(f"{base}add/", form)
    row = Permission.objects.get(user=grace, document_id=document.id)
    for change in ({}, {"role": "viewer"}, {"role": "viewer", "user": alan.pk}):
        browser.post(f"{base}{row.pk}/change/", form | change)
    browser.post(f"{base}{row.pk}/delete/", {"post": "yes"})
    again = grant(grace, Role.VIEWER, document.id)
    action = {"action": "delete_selected", "_selected_action": [again.pk], "post": "yes"}
    browser.post(base, action)
    events_of_trail = trail(document.id)[1:]
    assert {who for _, who, _ in events_of_trail} == {admin.username}
    assert [(kind, detail["user"], detail["role"]) for kind, _, detail in events_of_trail] == [
        ("shared", grace.username, "editor"),
        ("role_changed", grace.username, "viewer"),
        ("unshared", grace.username, "viewer"),
        ("shared", alan.username, "viewer"),
        ("unshared", alan.username, "viewer"),
        ("unshared", grace.username, "viewer"),
    ]


def test_right_to_create_documents_is_not_recorded() -> None:
    """It is granted in the admin, and belongs to no document."""
    browser, user = Client(), make_user()
    browser.force_login(make_user(is_staff=True, is_superuser=True))
    form = {"user": user.pk, "group": "", "document_id": "", "role": "creator"}
    browser.post("/admin/accounts/permission/add/", form)
    assert Permission.objects.filter(user=user, role=Role.CREATOR).exists()
    assert not Activity.objects.filter(document_id="").exists()


# --- when PostgreSQL fails ---


def test_rename_that_cannot_be_recorded_is_done(
    client: APIClient, document: Document, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is already stored in MongoDB; the loss is counted."""
    lost = metrics.ACTIVITY_LOST.labels(kind="renamed")
    before = lost._value.get()
    monkeypatch.setattr(Activity.objects, "create", _refuse)
    answer = client.patch(path, {"title": "Second"})
    assert (answer.status_code, answer.json()["title"]) == (200, "Second")
    assert lost._value.get() == before + 1


def test_sharing_that_cannot_be_recorded_is_not_done(
    owner: User, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are one transaction: no right exists without its event."""
    grace = make_user()
    monkeypatch.setattr(Activity.objects, "create", _refuse)
    with pytest.raises(DatabaseError):
        share_create(user=owner, document_id=document.id, role=Role.EDITOR, username=grace.username)
    assert not Permission.objects.filter(user=grace).exists()


def test_creation_that_fails_leaves_nothing_in_the_trail(owner: User) -> None:
    """When a later step of the transaction fails."""
    document_id = new_document_id()

    def fail(_: DocumentChange) -> None:
        assert trail(document_id) != []
        raise DatabaseError("later")

    events.document_created.subscribe(fail)
    try:
        with pytest.raises(DatabaseError):
            document_create(user=owner, document_id=document_id)
    finally:
        events.document_created._subscribers.remove(fail)
    assert trail(document_id) == []


def _refuse(**_: object) -> None:
    raise DatabaseError("no room")
