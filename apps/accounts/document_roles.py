"""The roles of an account on one document: one SQL and one rule, for requests and sockets alike."""

from collections.abc import Iterable
from typing import Final

from apps.accounts.roles import Role, highest

#: Joins a row for each role of ``account`` on ``%(document)s``, or one row with null.
ROLES_JOIN: Final = """
    LEFT JOIN permission ON permission.document_id = %(document)s AND (
        permission.user_id = account.id
        OR permission.group_id IN (SELECT group_id FROM user_groups WHERE user_id = account.id)
    )
"""


def role_of(rows: Iterable[tuple[bool, str | None]]) -> Role | None:
    """Return the strongest of an account's roles; a superuser has that of an owner.

    ``rows``: ``(is_superuser, role)`` for each row of the join, none for no active account.
    """
    found = list(rows)
    if any(is_superuser for is_superuser, _ in found):
        return Role.OWNER
    return highest({Role(role) for _, role in found if role is not None})
