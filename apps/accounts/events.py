"""Events of permissions, for the upper apps (docs/architecture.md, Layers)."""

from dataclasses import dataclass

from apps.accounts.models import Permission, User
from apps.accounts.roles import Role
from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class PermissionChange:
    """A permission after the change, and who made it; of a changed one, its role before.

    One that was taken away is as it was. One without a document is the right to create them.
    """

    permission: Permission
    actor: User
    old_role: Role | None = None


#: Published within the transaction of the change: what a subscriber writes to PostgreSQL is stored
#: with it or not at all, and what it raises undoes the change. Not told: the first owner of a new
#: document (``document_created`` says that), and permissions that go with a deleted account.
permission_granted: Event[PermissionChange] = Event("permission_granted")
permission_changed: Event[PermissionChange] = Event("permission_changed")
permission_revoked: Event[PermissionChange] = Event("permission_revoked")
