"""What PostgreSQL knows of a person and a document, for a socket that is opened: in one query."""

from dataclasses import dataclass
from typing import Final

from django.db import connection

from apps.accounts.document_roles import ROLES_JOIN, role_of
from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.accounts.sign_ins import SESSION_DIGEST
from apps.accounts.usage import exceeds_share
from apps.core import ids

#: The columns of an account that a socket needs.
_ACCOUNT: Final = ("id", "password", "username", "first_name", "last_name")
#: One row for each role, at least one for an active account. The last two columns are whether the
#: session (by its digest) and the family of tokens stand.
_ACCESS = f"""
    SELECT {", ".join(f"account.{column}" for column in _ACCOUNT)},
        account.is_superuser, permission.role, usage.stored_bytes, usage.stored_bytes_max,
        %(session)s IS NULL OR EXISTS (
            SELECT FROM django_session
            WHERE expire_date > statement_timestamp() AND {SESSION_DIGEST} = %(session)s
        ),
        %(family)s IS NULL OR EXISTS (SELECT FROM token_family WHERE id = %(family)s::uuid)
    FROM "user" AS account
    LEFT JOIN person_usage AS usage ON usage.user_id = account.id
    {ROLES_JOIN}
    WHERE account.id = %(user)s AND account.is_active
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class DocumentAccess:
    """An active user, of whom only what a socket needs is loaded, and the role on a document.

    ``role`` is the strongest one, None without a permission. ``is_signed_in`` is False when the
    sign-in has ended.
    """

    user: User
    role: Role | None
    is_over_quota: bool
    is_signed_in: bool


def document_access_find(
    *, user_id: int, document_id: str, session: str | None = None, family: str | None = None
) -> DocumentAccess | None:
    """Return the access of a user who signed in by a session (digest) or a family of tokens.

    None without an active account of this id. A malformed document id is that of no document.
    """
    values = {
        "user": user_id,
        "document": document_id if ids.is_id(document_id) else None,
        "session": session,
        "family": family,
    }
    with connection.cursor() as cursor:
        rows = cursor.execute(_ACCESS, values).fetchall()
    if not rows:
        return None
    count = len(_ACCOUNT)
    stored, own_max, has_session, has_family = rows[0][count + 2 :]
    return DocumentAccess(
        user=User.from_db(connection.alias, _ACCOUNT, rows[0][:count]),
        role=role_of((row[count], row[count + 1]) for row in rows),
        is_over_quota=stored is not None and exceeds_share(stored, own_max),
        is_signed_in=has_session and has_family,
    )
