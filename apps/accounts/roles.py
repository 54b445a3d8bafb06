"""Roles and their abilities: the only table of rights in the product.

Pure: no database, no request. REST, sockets and pages all read the ``Abilities`` made here.
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """The role of a user or group on a document, or (``CREATOR``) on the workspace."""

    OWNER = "owner"
    EDITOR = "editor"
    COMMENTER = "commenter"
    VIEWER = "viewer"
    #: The right to create documents (docs/system-flow.md, §2); only in a *permission* without one.
    CREATOR = "creator"


#: Roles on a document, the strongest first.
DOCUMENT_ROLES: tuple[Role, ...] = (Role.OWNER, Role.EDITOR, Role.COMMENTER, Role.VIEWER)


@dataclass(frozen=True, slots=True)
class Abilities:
    """The abilities of a user on a document. Without any, the user may not know that it exists.

    ``share`` is to grant, change and revoke permissions; ``manage_owner`` the same for owners.
    ``look_at_history`` is to read earlier states, and who changed what.
    """

    role: Role | None = None
    read: bool = False
    comment: bool = False
    write: bool = False
    rename: bool = False
    share: bool = False
    trash: bool = False
    manage_owner: bool = False
    look_at_history: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the abilities as JSON values, the role as its name or None."""
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
        look_at_history=True,
    ),
    Role.EDITOR: Abilities(
        role=Role.EDITOR,
        read=True,
        comment=True,
        write=True,
        rename=True,
        look_at_history=True,
    ),
    Role.COMMENTER: Abilities(role=Role.COMMENTER, read=True, comment=True, look_at_history=True),
    Role.VIEWER: Abilities(role=Role.VIEWER, read=True, look_at_history=True),
}


def abilities_of(role: Role | None, *, viewers_may_look: bool = True) -> Abilities:
    """Return the abilities of a role on a document; none for None and ``CREATOR``.

    ``viewers_may_look`` is the document's setting for its history.
    """
    abilities = _ABILITIES.get(role, NO_ABILITIES) if role else NO_ABILITIES
    if role is Role.VIEWER and not viewers_may_look:
        return replace(abilities, look_at_history=False)
    return abilities


def highest(roles: set[Role]) -> Role | None:
    """Return the strongest role on a document among ``roles``, or None."""
    return next((role for role in DOCUMENT_ROLES if role in roles), None)
