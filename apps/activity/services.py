"""Writes to the trail: a deed is recorded once, and never changed."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from apps.accounts.models import User
from apps.accounts.selectors import users_by_id
from apps.activity.event_types import EventType
from apps.activity.models import Activity
from apps.core import metrics

logger = logging.getLogger(__name__)

#: That somebody opened a document is recorded at most once in so long.
JOIN_AGAIN = timedelta(minutes=10)


def activity_record(
    *,
    document_id: str,
    actor_id: int | None,
    kind: EventType,
    detail: Mapping[str, Any] | None = None,
) -> Activity:
    """Record a deed, in the present transaction if there is one; what goes wrong is raised.

    For deeds that are in PostgreSQL themselves: they and their record are stored together or not
    at all. ``detail`` is JSON of the kind (``kinds``).
    """
    actor = None if actor_id is None else User.objects.filter(pk=actor_id).first()
    with transaction.atomic():
        return Activity.objects.create(
            document_id=document_id,
            actor=actor,
            username=actor.username if actor else "",
            kind=kind,
            detail=dict(detail or {}),
        )


def activity_note(
    *,
    document_id: str,
    actor_id: int | None,
    kind: EventType,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Record a deed that is done already, elsewhere: what goes wrong is logged and counted."""
    try:
        activity_record(document_id=document_id, actor_id=actor_id, kind=kind, detail=detail)
    except Exception:
        metrics.ACTIVITY_LOST.labels(kind=kind.value).inc()
        logger.exception("not recorded: %s %s %s by %s", kind, document_id, detail, actor_id)


@dataclass(frozen=True, slots=True)
class Join:
    """Somebody opened a document."""

    document_id: str
    user_id: int
    at: datetime


def joins_record(joins: Sequence[Join]) -> int:
    """Record who opened which document, unless that was recorded lately; return how many rows.

    One server at a time: two that let the same person in at once record that once.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('scriptorium_activity_joins'))")
        fresh = _fresh(joins)
        users = users_by_id({join.user_id for join in fresh})
        rows = [_joined(join, users[join.user_id]) for join in fresh if join.user_id in users]
        return len(Activity.objects.bulk_create(rows))


def _fresh(joins: Sequence[Join]) -> list[Join]:
    """Return those that were not recorded lately, each person and document once."""
    if not joins:
        return []
    recorded = Activity.objects.filter(
        kind=EventType.JOINED,
        document_id__in={join.document_id for join in joins},
        actor_id__in={join.user_id for join in joins},
        at__gt=min(join.at for join in joins) - JOIN_AGAIN,
    )
    places = recorded.order_by("at").values_list("document_id", "actor_id", "at")
    last_at = {(document_id, actor_id): at for document_id, actor_id, at in places}
    fresh = []
    for join in joins:
        place = (join.document_id, join.user_id)
        if place not in last_at or join.at - last_at[place] >= JOIN_AGAIN:
            last_at[place] = join.at
            fresh.append(join)
    return fresh


def _joined(join: Join, user: User) -> Activity:
    return Activity(
        document_id=join.document_id,
        actor=user,
        username=user.username,
        kind=EventType.JOINED,
        at=join.at,
    )
