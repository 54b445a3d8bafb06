"""Events of permissions and tokens, for the upper apps (docs/architecture.md, Layers)."""

from dataclasses import dataclass

from apps.accounts.models import Permission, User
from apps.accounts.roles import Role
from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class PermissionChange:
    """A permission after the change, its author, and for a changed role the role before.

    A revoked permission is as it was before. One without a document is the right to create them.
    """

    permission: Permission
    actor: User
    old_role: Role | None = None


#: Published within the transaction of the change: a subscriber's writes to PostgreSQL are stored
#: with the change or not at all, and its errors roll the change back. Not published: the first
#: owner of a new document (see ``document_created``), and permissions that are deleted with an
#: account.
permission_granted: Event[PermissionChange] = Event("permission_granted")
permission_changed: Event[PermissionChange] = Event("permission_changed")
permission_revoked: Event[PermissionChange] = Event("permission_revoked")

#: A refresh token was used twice; the payload is the id of its user. Published after its sign-in
#: has ended.
token_replayed: Event[int] = Event("token_replayed")
