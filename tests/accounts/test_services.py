"""Granting, changing and revoking permissions, and refusals."""

import threading

import pytest
from django.db import connection

from apps.accounts import services
from apps.accounts.models import Permission, User
from apps.accounts.roles import Role
from apps.accounts.selectors import PermissionNotFoundError
from apps.core.errors import AppError
from tests.accounts.factories import grant, make_group, make_user, new_document_id

pytestmark = pytest.mark.django_db


def make_owned() -> tuple[User, str, Permission]:
    """Return an owner, the document's id, and the owner's permission."""
    owner, document_id = make_user(), new_document_id()
    return owner, document_id, services.owner_grant(user=owner, document_id=document_id)


def test_permission_grant_by_the_owner_stores_role_and_granter() -> None:
    """To users and to groups."""
    owner, document_id, _ = make_owned()
    for subject in (make_user(), make_group()):
        permission = services.permission_grant(
            actor=owner, document_id=document_id, subject=subject, role=Role.EDITOR
        )
        permission.refresh_from_db()
        assert (permission.subject, permission.role, permission.granted_by) == (
            subject,
            Role.EDITOR,
            owner,
        )


@pytest.mark.parametrize("role", [Role.EDITOR, Role.COMMENTER, Role.VIEWER, None])
def test_permission_grant_by_anybody_else_is_forbidden(role: Role | None) -> None:
    """An editor can neither share a document nor become its owner."""
    owner, document_id, _ = make_owned()
    actor = make_user()
    if role:
        grant(actor, role, document_id)
    with pytest.raises(services.NotAllowedToShareError):
        services.permission_grant(
            actor=actor, document_id=document_id, subject=make_user(), role=Role.VIEWER
        )
    assert Permission.objects.filter(document_id=document_id).exclude(user=owner).count() == bool(
        role
    )


def test_permission_grant_to_somebody_who_has_a_role_is_a_conflict() -> None:
    """A grant never changes an existing role."""
    owner, document_id, _ = make_owned()
    other = make_user()
    grant(other, Role.VIEWER, document_id)
    with pytest.raises(services.AlreadySharedError):
        services.permission_grant(
            actor=owner, document_id=document_id, subject=other, role=Role.OWNER
        )
    assert Permission.objects.get(user=other).role == Role.VIEWER


def test_permission_grant_of_the_right_to_create_is_refused() -> None:
    """An owner of a document cannot grant rights on the workspace."""
    owner, document_id, _ = make_owned()
    with pytest.raises(services.RoleNotForDocumentError):
        services.permission_grant(
            actor=owner, document_id=document_id, subject=make_user(), role=Role.CREATOR
        )


def test_permission_change_by_an_editor_on_the_own_row_is_forbidden() -> None:
    """Users cannot promote themselves."""
    _, document_id, _ = make_owned()
    editor = make_user()
    own = grant(editor, Role.EDITOR, document_id)
    with pytest.raises(services.NotAllowedToShareError):
        services.permission_change(
            actor=editor, document_id=document_id, permission_id=own.pk, role=Role.OWNER
        )


def test_permission_of_another_document_cannot_be_changed_or_revoked() -> None:
    """The owner of one document has no rights on the permissions of another."""
    owner, document_id, _ = make_owned()
    foreign = grant(make_user(), Role.OWNER, new_document_id())
    with pytest.raises(PermissionNotFoundError):
        services.permission_change(
            actor=owner, document_id=document_id, permission_id=foreign.pk, role=Role.VIEWER
        )
    with pytest.raises(PermissionNotFoundError):
        services.permission_revoke(actor=owner, document_id=document_id, permission_id=foreign.pk)


def test_last_owner_can_neither_leave_nor_be_downgraded() -> None:
    """A document without an owner could never be shared or trashed again."""
    owner, document_id, own = make_owned()
    with pytest.raises(services.LastOwnerError):
        services.permission_change(
            actor=owner, document_id=document_id, permission_id=own.pk, role=Role.EDITOR
        )
    with pytest.raises(services.LastOwnerError):
        services.permission_revoke(actor=owner, document_id=document_id, permission_id=own.pk)


def test_owner_may_leave_when_another_active_owner_remains() -> None:
    """By a permission of a user, or of a group with members."""
    owner, document_id, own = make_owned()
    grant(make_group(make_user()), Role.OWNER, document_id)
    services.permission_revoke(actor=owner, document_id=document_id, permission_id=own.pk)
    assert not Permission.objects.filter(pk=own.pk).exists()


def test_inactive_owner_and_empty_group_do_not_count_as_owners() -> None:
    """Otherwise the document would have no owner who can act."""
    owner, document_id, own = make_owned()
    grant(make_user(is_active=False), Role.OWNER, document_id)
    grant(make_group(), Role.OWNER, document_id)
    with pytest.raises(services.LastOwnerError):
        services.permission_revoke(actor=owner, document_id=document_id, permission_id=own.pk)


def test_permission_revoke_of_the_own_row_is_always_allowed() -> None:
    """A viewer may leave, and may not remove others."""
    _, document_id, _ = make_owned()
    viewer, other = make_user(), make_user()
    own, others = grant(viewer, Role.VIEWER, document_id), grant(other, Role.VIEWER, document_id)
    with pytest.raises(services.NotAllowedToShareError):
        services.permission_revoke(actor=viewer, document_id=document_id, permission_id=others.pk)
    services.permission_revoke(actor=viewer, document_id=document_id, permission_id=own.pk)
    assert not Permission.objects.filter(pk=own.pk).exists()


def test_creator_grant_twice_keeps_one_row() -> None:
    """Seeding is idempotent."""
    user = make_user()
    services.creator_grant(user=user)
    services.creator_grant(user=user)
    assert Permission.objects.filter(user=user, role=Role.CREATOR).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_at_once_leave_one() -> None:
    """Owner rows are locked; without the lock the document would have no owner."""
    first, document_id, first_row = make_owned()
    second = make_user()
    second_row = grant(second, Role.OWNER, document_id)
    start, errors = threading.Barrier(2), list[str]()

    def remove(actor: User, row: Permission) -> None:
        start.wait()
        try:
            services.permission_revoke(actor=actor, document_id=document_id, permission_id=row.pk)
        except AppError as err:
            errors.append(err.code)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=remove, args=(first, second_row)),
        threading.Thread(target=remove, args=(second, first_row)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Permission.objects.filter(document_id=document_id, role=Role.OWNER).count() == 1
    assert errors == ["may_not_share"]
