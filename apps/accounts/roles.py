"""Roles and what each one lets a person do: the only table of rights in the product.

Pure: no database, no request. REST, sockets and pages all read the ``Abilities`` made here.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What somebody is to a document, or (``CREATOR``) to the workspace."""

    OWNER = "owner"
    EDITOR = "editor"
    COMMENTER = "commenter"
    VIEWER = "viewer"
    #: The right to create documents (§2); stands only in a *permission* without a document.
    CREATOR = "creator"


#: Roles on a document, the strongest first.
DOCUMENT_ROLES: tuple[Role, ...] = (Role.OWNER, Role.EDITOR, Role.COMMENTER, Role.VIEWER)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What one person may do with one document. All false, and no role: they may not know of it.

    ``share`` is to grant, change and revoke permissions; ``manage_owner`` the same for owners.
    """

    role: Role | None = None
    read: bool = False
    comment: bool = False
    write: bool = False
    rename: bool = False
    share: bool = False
    trash: bool = False
    manage_owner: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the abilities as JSON-able values, the role as its word or None."""
        values = asdict(self)
        values["role"] = self.role.value if self.role else None
        return values


NO_ABILITIES = Abilities()

_ABILITIES: dict[Role, Abilities] = {
    Role.OWNER: Abilities(
        role=Role.OWNER,
        read=True,
        comment=True,
        write=True,
        rename=True,
        share=True,
        trash=True,
        manage_owner=True,
    ),
    Role.EDITOR: Abilities(role=Role.EDITOR, read=True, comment=True, write=True, rename=True),
    Role.COMMENTER: Abilities(role=Role.COMMENTER, read=True, comment=True),
    Role.VIEWER: Abilities(role=Role.VIEWER, read=True),
}


def abilities_of(role: Role | None) -> Abilities:
    """Return the abilities that a role on a document gives; none for None and ``CREATOR``."""
    return _ABILITIES.get(role, NO_ABILITIES) if role else NO_ABILITIES


def highest(roles: set[Role]) -> Role | None:
    """Return the strongest role on a document among ``roles``, or None."""
    return next((role for role in DOCUMENT_ROLES if role in roles), None)
