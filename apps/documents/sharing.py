"""Sharing of a document: changes of *permission* on a document that the user may read."""

from django.db.models import QuerySet

from apps.accounts import selectors as accounts
from apps.accounts import services
from apps.accounts.models import Permission, User
from apps.accounts.roles import Role
from apps.documents.selectors import document_get


def shares_list(*, user: User, document_id: str) -> QuerySet[Permission]:
    """Return the permissions of a document that ``user`` may read, oldest first."""
    document_get(user=user, document_id=document_id)
    return accounts.permissions_list(document_id)


def share_get(*, user: User, document_id: str, permission_id: int) -> Permission:
    """Return one permission of a document that ``user`` may read."""
    document_get(user=user, document_id=document_id)
    return accounts.permission_get(document_id=document_id, permission_id=permission_id)


def share_create(
    *, user: User, document_id: str, role: Role, username: str = "", group_name: str = ""
) -> Permission:
    """Give a user or a group a role on the document. Raises as ``permission_grant``."""
    _, abilities = document_get(user=user, document_id=document_id)
    # Checked again under the lock; here, so that only users who may share can probe for names.
    if not abilities.share:
        raise services.NotAllowedToShareError("Only an owner may change who has access.")
    subject = accounts.subject_get(username=username, group_name=group_name)
    return services.permission_grant(
        actor=user, document_id=document_id, subject=subject, role=role
    )


def share_change(*, user: User, document_id: str, permission_id: int, role: Role) -> Permission:
    """Give a permission of the document another role. Raises as ``permission_change``."""
    document_get(user=user, document_id=document_id)
    return services.permission_change(
        actor=user, document_id=document_id, permission_id=permission_id, role=role
    )


def share_revoke(*, user: User, document_id: str, permission_id: int) -> None:
    """Revoke a permission of the document. Raises as ``permission_revoke``."""
    document_get(user=user, document_id=document_id)
    services.permission_revoke(actor=user, document_id=document_id, permission_id=permission_id)
