"""Sharing by REST: roles of users and groups, and invalid requests."""

import json

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import Permission, User
from apps.accounts.roles import DOCUMENT_ROLES, Role
from apps.documents.models import Document
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import grant, make_group, make_user
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(owner: User) -> Document:
    """Return a document of the owner."""
    return make_document(owner)


def shares(document: Document, permission: Permission | int | str = "") -> str:
    """Return the URL of a document's permissions, or of one of them."""
    pk = permission.pk if isinstance(permission, Permission) else permission
    return f"/api/v1/documents/{document.id}/permissions/" + (f"{pk}/" if pk else "")


def owners_row(document: Document) -> Permission:
    """Return the owner's permission, which was created with the document."""
    return Permission.objects.get(document_id=document.id, role=Role.OWNER)


# --- POST ---


@pytest.mark.parametrize("role", DOCUMENT_ROLES)
def test_share_with_a_user_answers_201_and_opens_the_document(
    client: APIClient, owner: User, document: Document, role: Role
) -> None:
    """With each of the four roles."""
    grace = make_user()
    response = client.post(shares(document), {"user": grace.username, "role": role.value})
    body = response.json()
    assert response.status_code == 201
    assert body == client.get(shares(document, body["id"])).json()
    assert (body["user"]["username"], body["group"], body["role"]) == (grace.username, None, role)
    assert body["granted_by"]["username"] == owner.username
    read = bearer(grace).get(f"/api/v1/documents/{document.id}/")
    assert (read.status_code, read.json()["role"]) == (200, role.value)


def test_share_with_a_group_opens_the_document_for_its_members(
    client: APIClient, document: Document
) -> None:
    """Later members get access, too."""
    group, late = make_group(name="writers"), make_user()
    body = client.post(shares(document), {"group": "writers", "role": "commenter"}).json()
    assert (body["user"], body["group"], body["role"]) == (None, "writers", "commenter")
    late.groups.add(group)
    assert bearer(late).get(f"/api/v1/documents/{document.id}/").json()["role"] == "commenter"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"user": "nobody-of-this-name", "role": "viewer"}, "unknown_subject"),
        ({"group": "nobody-of-this-name", "role": "viewer"}, "unknown_subject"),
        ({"user": "inactive", "role": "viewer"}, "unknown_subject"),
        ({"user": "grace", "group": "team", "role": "viewer"}, "unknown_subject"),
        ({"role": "viewer"}, "unknown_subject"),
        ({"user": "", "group": "", "role": "viewer"}, "unknown_subject"),
        ({"user": "grace"}, "invalid"),
        ({"user": "grace", "role": "creator"}, "invalid"),
        ({"user": "grace", "role": "king"}, "invalid"),
        ({"user": "grace", "role": ""}, "invalid"),
        ({"user": "grace", "role": ["viewer"]}, "invalid"),
        ({"user": {"$ne": 1}, "role": "viewer"}, "invalid"),
        ({"user": "a\x00b", "role": "viewer"}, "invalid"),
        ({"user": "x" * 151, "role": "viewer"}, "invalid"),
        ([], "invalid"),
    ],
)
def test_share_with_a_wrong_subject_or_role_is_400_and_stores_nothing(
    client: APIClient, document: Document, body: object, code: str
) -> None:
    """Unknown subjects, and roles that do not apply to a document."""
    make_user("grace")
    make_user("inactive", is_active=False)
    make_group(name="team")
    response = client.post(shares(document), json.dumps(body), content_type="application/json")
    assert_error(response, 400, code)
    assert Permission.objects.filter(document_id=document.id).count() == 1


def test_share_with_somebody_who_has_a_role_is_409(
    client: APIClient, owner: User, document: Document
) -> None:
    """Twice the same, with another role, and with oneself: the first role remains."""
    grace, group = make_user(), make_group()
    for subject in ({"user": grace.username}, {"group": group.name}):
        assert client.post(shares(document), {**subject, "role": "viewer"}).status_code == 201
        for role in ("viewer", "owner"):
            again = client.post(shares(document), {**subject, "role": role})
            assert_error(again, 409, "already_shared")
    oneself = client.post(shares(document), {"user": owner.username, "role": "viewer"})
    assert_error(oneself, 409, "already_shared")
    rows = Permission.objects.filter(document_id=document.id).order_by("id")
    assert [row.role for row in rows] == ["owner", "viewer", "viewer"]


@pytest.mark.parametrize("role", [Role.EDITOR, Role.COMMENTER, Role.VIEWER])
def test_changes_by_others_than_owners_are_403(document: Document, role: Role) -> None:
    """They see the permissions, and may change neither those of others nor their own."""
    other = make_user()
    own = grant(other, role, document.id)
    client = bearer(other)
    assert len(client.get(shares(document)).json()["results"]) == 2
    for call in (
        client.post(shares(document), {"user": make_user().username, "role": "viewer"}),
        client.post(shares(document), {"user": "does-not-exist", "role": "viewer"}),
        client.patch(shares(document, own), {"role": "owner"}),
        client.patch(shares(document, owners_row(document)), {"role": "viewer"}),
        client.delete(shares(document, owners_row(document))),
    ):
        assert_error(call, 403, "may_not_share")
    assert owners_row(document).role == Role.OWNER


# --- GET ---


def test_list_has_the_permissions_in_the_order_of_sharing(
    client: APIClient, owner: User, document: Document
) -> None:
    """Those of other documents are not in it."""
    grace, group = make_user(), make_group()
    grant(grace, Role.EDITOR, document.id)
    grant(group, Role.VIEWER, document.id)
    grant(grace, Role.VIEWER, make_document(owner).id)
    rows = client.get(shares(document)).json()["results"]
    assert [(row["user"] or {}).get("username") or row["group"] for row in rows] == [
        owner.username,
        grace.username,
        group.name,
    ]
    assert [row["role"] for row in rows] == ["owner", "editor", "viewer"]


def test_list_goes_page_by_page(client: APIClient, document: Document) -> None:
    """For a document with many permissions."""
    made = {owners_row(document).pk}
    made |= {grant(make_user(), Role.VIEWER, document.id).pk for _ in range(105)}
    url, found = shares(document), list[int]()
    while url:
        page = client.get(url).json()
        found += [row["id"] for row in page["results"]]
        url = page["next"]
    assert len(found) == len(made)
    assert set(found) == made


def test_list_with_a_forged_cursor_is_400(client: APIClient, document: Document) -> None:
    """A text in place of a number must not reach PostgreSQL."""
    for text in ("x", "cD0lMDA=", "cD1hYmM="):
        response = client.get(shares(document), {"cursor": text})
        assert response.status_code in {400, 404}
        assert set(response.json()) == {"code", "detail", "extra"}


# --- PATCH and DELETE ---


def test_change_of_a_role_takes_effect_at_once(client: APIClient, document: Document) -> None:
    """The next request has the new role."""
    grace = make_user()
    permission = grant(grace, Role.EDITOR, document.id)
    response = client.patch(shares(document, permission), {"role": "viewer"})
    assert (response.status_code, response.json()["role"]) == (200, "viewer")
    rename = bearer(grace).patch(f"/api/v1/documents/{document.id}/", {"title": "X"})
    assert_error(rename, 403, "forbidden")


def test_revoked_permission_closes_the_document(client: APIClient, document: Document) -> None:
    """A second revocation finds none."""
    grace = make_user()
    permission = grant(grace, Role.EDITOR, document.id)
    assert client.delete(shares(document, permission)).status_code == 204
    read = bearer(grace).get(f"/api/v1/documents/{document.id}/")
    assert_error(read, 404, "document_not_found")
    assert_error(client.delete(shares(document, permission)), 404, "permission_not_found")


def test_leaving_is_always_allowed(document: Document) -> None:
    """A viewer may delete the own permission."""
    viewer = make_user()
    permission = grant(viewer, Role.VIEWER, document.id)
    assert bearer(viewer).delete(shares(document, permission)).status_code == 204


@pytest.mark.parametrize("body", [{}, {"role": "king"}, {"role": None}, {"role": "creator"}, []])
def test_change_to_a_wrong_role_is_400(client: APIClient, document: Document, body: object) -> None:
    """The role does not change."""
    permission = grant(make_user(), Role.EDITOR, document.id)
    response = client.patch(
        shares(document, permission), json.dumps(body), content_type="application/json"
    )
    assert_error(response, 400, "invalid")
    permission.refresh_from_db()
    assert permission.role == Role.EDITOR


def test_last_owner_can_neither_leave_nor_be_downgraded(
    client: APIClient, document: Document
) -> None:
    """A document needs an owner; with a second owner the first may leave."""
    row = owners_row(document)
    assert_error(client.patch(shares(document, row), {"role": "editor"}), 409, "last_owner")
    assert_error(client.delete(shares(document, row)), 409, "last_owner")
    body = {"user": make_user().username, "role": "owner"}
    assert client.post(shares(document), body).status_code == 201
    assert client.delete(shares(document, row)).status_code == 204


@pytest.mark.parametrize("pk", [0, 2**31, 2**63, 10**40])
def test_permission_with_an_impossible_number_is_404(
    client: APIClient, document: Document, pk: int
) -> None:
    """A number without a row, and one too large for the column."""
    path = f"/api/v1/documents/{document.id}/permissions/{pk}/"
    for call in (client.get(path), client.patch(path, {"role": "viewer"}), client.delete(path)):
        assert_error(call, 404, "permission_not_found")


def test_permission_of_another_document_is_404_through_this_one(
    client: APIClient, owner: User, document: Document
) -> None:
    """The document of the URL counts, also for an owner of both."""
    row = grant(make_user(), Role.VIEWER, make_document(owner).id)
    path = shares(document, row)
    for call in (client.get(path), client.patch(path, {"role": "owner"}), client.delete(path)):
        assert_error(call, 404, "permission_not_found")
    row.refresh_from_db()
    assert row.role == Role.VIEWER
