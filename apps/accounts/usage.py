"""Shares of the storage: what one person has stored, and how much one person may.

The bytes are counted by the worker as it reads the log (``apps.activity``), not on the path of an
edit, so a person may go over the share by what is written in some seconds. Then every server is
notified, and the person's sockets and calls may read only. Administrators may give a person another
share.
"""

from collections.abc import Collection
from typing import Final

from django.conf import settings
from django.db import connection

from apps.accounts.changes import user_access_publish
from apps.accounts.models import PersonUsage
from apps.core import errors

#: What a row of the log takes besides its update: ids, vector, indexes.
OPERATION_OVERHEAD_BYTES: Final = 200

_ADD = """
    INSERT INTO person_usage (user_id, stored_bytes)
    SELECT id, %(more)s FROM "user" WHERE id = %(id)s
    ON CONFLICT (user_id) DO UPDATE SET stored_bytes = person_usage.stored_bytes + %(more)s
    RETURNING stored_bytes, stored_bytes_max
"""


class QuotaExceededError(errors.LimitExceededError):
    """A person has stored as much as one person may; ``extra`` names the limit."""

    code = "quota_exceeded"


def stored_bytes_add(*, user_id: int, more: int) -> None:
    """Count bytes that a person has stored; notify all servers when the share is exceeded or not.

    ``more`` is negative for bytes that were freed. An account that was deleted has no share.
    """
    with connection.cursor() as cursor:
        row = cursor.execute(_ADD, {"id": user_id, "more": more}).fetchone()
    if row is not None:
        stored, own_max = row
        limit = settings.STORED_BYTES_PER_PERSON if own_max is None else own_max
        if (stored - more > limit) != (stored > limit):
            user_access_publish(user_id=user_id)


def users_over_quota(user_ids: Collection[str]) -> set[str]:
    """Return those of the users who have stored more than they may, in one query."""
    accounts = [user_id for user_id in user_ids if user_id.isdecimal()]
    rows = PersonUsage.objects.filter(user_id__in=accounts).values_list(
        "user_id", "stored_bytes", "stored_bytes_max"
    )
    return {str(pk) for pk, stored, own_max in rows if exceeds_share(stored, own_max)}


def exceeds_share(stored: int, own_max: int | None) -> bool:
    """Return whether a person has stored more than the own share, or than the default."""
    return stored > (settings.STORED_BYTES_PER_PERSON if own_max is None else own_max)


def storage_check(*, user_id: str) -> None:
    """Raise ``QuotaExceededError`` when a person has stored more than one person may."""
    if users_over_quota([user_id]):
        raise storage_full()


def storage_full() -> QuotaExceededError:
    """Return the error of a person who has stored more than one person may."""
    return QuotaExceededError(
        "You have stored as much as one person may. You can still read; an administrator can give "
        "you more space.",
        extra={"limit": "STORED_BYTES_PER_PERSON"},
    )


def documents_check(*, user_id: int, count: int) -> None:
    """Raise ``QuotaExceededError`` when a person has created as many documents as one may."""
    _check_count(
        user_id, "documents_max", "DOCUMENTS_PER_PERSON", count, "created as many documents as"
    )


def named_versions_check(*, user_id: int, count: int) -> None:
    """Raise ``QuotaExceededError`` when a person has named as many versions as one may."""
    _check_count(
        user_id,
        "named_versions_max",
        "NAMED_VERSIONS_PER_PERSON",
        count,
        "named as many versions as",
        "Remove the name of one that is no longer needed, or ask an administrator.",
    )


def _check_count(
    user_id: int,
    field: str,
    limit: str,
    count: int,
    deed: str,
    advice: str = "Ask an administrator for more.",
) -> None:
    own_max = PersonUsage.objects.filter(user_id=user_id).values_list(field, flat=True).first()
    value = getattr(settings, limit) if own_max is None else own_max
    if count >= value:
        raise QuotaExceededError(
            f"You have {deed} one person may ({value}). {advice}",
            extra={"limit": limit, "value": value},
        )
