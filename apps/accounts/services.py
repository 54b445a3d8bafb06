"""Writes of *permission*: grant, change, revoke.

Each one runs in a transaction that first locks the document's owner rows. So two owners who remove
each other at the same time do not leave a document without an owner, and the actor's right is
checked after a concurrent change. PostgreSQL notifies all servers (``apps.accounts.changes``), and
events notify the upper apps within the same transaction.
"""

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.accounts import events
from apps.accounts.events import PermissionChange
from apps.accounts.models import Permission, User
from apps.accounts.roles import DOCUMENT_ROLES, Abilities, Role
from apps.accounts.selectors import PermissionNotFoundError, abilities_get, permissions_list
from apps.core import errors


class NotAllowedToShareError(errors.ForbiddenError):
    """The actor may not change permissions on the document."""

    code = "may_not_share"


class LastOwnerError(errors.ConflictError):
    """The document would be left without an owner who can act."""

    code = "last_owner"


class AlreadySharedError(errors.ConflictError):
    """The subject has a role on the document already."""

    code = "already_shared"


class RoleNotForDocumentError(errors.InvalidInputError):
    """The role is not a role on a document."""

    code = "unknown_role"


def permission_grant(
    *, actor: User, document_id: str, subject: User | Group, role: Role
) -> Permission:
    """Give ``subject`` a role on a document and return the permission.

    Raises ``NotAllowedToShareError``, ``AlreadySharedError``, ``RoleNotForDocumentError``.
    """
    _check_role(role)
    with transaction.atomic():
        _lock_owners(document_id)
        _check_may_share(actor, document_id, roles={role})
        permission = _insert(document_id=document_id, subject=subject, role=role, granted_by=actor)
        events.permission_granted.publish(PermissionChange(permission, actor))
    return permission


def permission_change(
    *, actor: User, document_id: str, permission_id: int, role: Role
) -> Permission:
    """Give a permission another role and return it.

    Raises as ``permission_grant``, and ``LastOwnerError``, ``PermissionNotFoundError``.
    """
    _check_role(role)
    with transaction.atomic():
        _lock_owners(document_id)
        permission = _locked(document_id, permission_id)
        _check_may_share(actor, document_id, roles={role, Role(permission.role)})
        if role is not Role.OWNER:
            _check_owner_remains(permission)
        old_role, permission.role = Role(permission.role), role
        permission.save(update_fields=["role"])
        _publish_role(permission, actor, old_role)
    return permission


def permission_revoke(*, actor: User, document_id: str, permission_id: int) -> None:
    """Delete a permission; users may always delete their own.

    Raises ``NotAllowedToShareError``, ``LastOwnerError``, ``PermissionNotFoundError``.
    """
    with transaction.atomic():
        _lock_owners(document_id)
        permission = _locked(document_id, permission_id)
        if permission.user_id != actor.pk:
            _check_may_share(actor, document_id, roles={Role(permission.role)})
        _check_owner_remains(permission)
        permission.delete()
        events.permission_revoked.publish(PermissionChange(permission, actor))


def permission_save(*, actor: User, permission: Permission) -> None:
    """Store a new or changed permission of an administrator, without a check of rights.

    A new subject or document is published as a revocation there and a grant here.
    """
    with transaction.atomic():
        old = Permission.objects.select_related("user", "group").filter(pk=permission.pk).first()
        permission.save()
        if old is not None and _target(old) == _target(permission):
            _publish_role(permission, actor, Role(old.role))
            return
        if old is not None:
            events.permission_revoked.publish(PermissionChange(old, actor))
        events.permission_granted.publish(PermissionChange(permission, actor))


def permission_delete(*, actor: User, permission: Permission) -> None:
    """Delete a permission for an administrator, without a check of rights."""
    with transaction.atomic():
        permission.delete()
        events.permission_revoked.publish(PermissionChange(permission, actor))


def owner_grant(*, user: User, document_id: str) -> Permission:
    """Make ``user`` the first owner of a document that is being created."""
    return _insert(document_id=document_id, subject=user, role=Role.OWNER, granted_by=user)


def permissions_remove(*, document_id: str) -> None:
    """Delete all permissions of a document that was deleted."""
    Permission.objects.filter(document_id=document_id).exclude(document_id="").delete()


def creator_grant(*, user: User) -> None:
    """Grant ``user`` the right to create documents (docs/system-flow.md, §2); idempotent."""
    Permission.objects.get_or_create(
        user=user, document_id="", defaults={"role": Role.CREATOR.value}
    )


def _check_role(role: Role) -> None:
    if role not in DOCUMENT_ROLES:
        raise RoleNotForDocumentError(f"{role} is not a role on a document.")


def _check_may_share(actor: User, document_id: str, *, roles: set[Role]) -> None:
    """Raise unless ``actor`` may grant and revoke all of ``roles``."""
    abilities: Abilities = abilities_get(user=actor, document_id=document_id)
    if not abilities.share or (Role.OWNER in roles and not abilities.manage_owner):
        raise NotAllowedToShareError("Only an owner may change who has access.")


def _lock_owners(document_id: str) -> None:
    """Lock out concurrent changes of the document's permissions."""
    owners = Permission.objects.filter(document_id=document_id, role=Role.OWNER)
    list(owners.select_for_update().order_by("pk").values_list("pk"))


def _locked(document_id: str, permission_id: int) -> Permission:
    # Locks only the permission's own row: its subjects are joined by outer joins.
    rows = permissions_list(document_id).select_for_update(of=("self",))
    permission = rows.filter(pk=permission_id).first()
    if permission is None:
        raise PermissionNotFoundError("This document has no such permission.")
    return permission


def _check_owner_remains(permission: Permission) -> None:
    """Raise if ``permission`` is that of the last owner who can act."""
    if permission.role != Role.OWNER:
        return
    others = Permission.objects.filter(document_id=permission.document_id, role=Role.OWNER)
    can_act = Q(user__is_active=True) | Q(group__user__is_active=True)
    if not others.exclude(pk=permission.pk).filter(can_act).exists():
        raise LastOwnerError("A document needs an owner. Make another user an owner first.")


def _target(permission: Permission) -> tuple[int | None, int | None, str]:
    """Return the subject and the document of a permission."""
    return permission.user_id, permission.group_id, permission.document_id


def _publish_role(permission: Permission, actor: User, old_role: Role) -> None:
    if old_role != permission.role:
        events.permission_changed.publish(PermissionChange(permission, actor, old_role))


def _insert(*, document_id: str, subject: User | Group, role: Role, granted_by: User) -> Permission:
    user, group = (subject, None) if isinstance(subject, User) else (None, subject)
    try:
        with transaction.atomic():
            return Permission.objects.create(
                user=user,
                group=group,
                document_id=document_id,
                role=role.value,
                granted_by=granted_by,
            )
    except IntegrityError as err:
        raise AlreadySharedError(
            f"{subject} has a role on this document already. Change that one."
        ) from err
