"""Writes to the trail: an event is recorded once, and never changed."""

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
from apps.core import clock, metrics

logger = logging.getLogger(__name__)

#: A person's joins and exports of a document are recorded at most once in this interval.
READ_RECORD_INTERVAL = timedelta(minutes=10)


def activity_record(
    *,
    document_id: str,
    actor_id: int | None,
    event_type: EventType,
    detail: Mapping[str, Any] | None = None,
) -> Activity:
    """Record an event, in the current transaction if there is one; errors are raised.

    For changes in PostgreSQL: the change and its event are stored together or not at all.
    ``detail`` is JSON with the keys that ``EventType`` lists.
    """
    actor = None if actor_id is None else User.objects.filter(pk=actor_id).first()
    with transaction.atomic():
        return Activity.objects.create(
            document_id=document_id,
            actor=actor,
            username=actor.username if actor else "",
            kind=event_type,
            detail=dict(detail or {}),
        )


def activity_record_best_effort(
    *,
    document_id: str,
    actor_id: int | None,
    event_type: EventType,
    detail: Mapping[str, Any] | None = None,
    interval: timedelta | None = None,
) -> None:
    """Record an event whose change is already stored elsewhere; errors are logged and counted.

    With ``interval`` not again within that time of the same event of the same person.
    """
    try:
        if interval is not None and _is_recorded(
            interval, document_id=document_id, actor_id=actor_id, kind=event_type, detail=detail
        ):
            return
        activity_record(
            document_id=document_id, actor_id=actor_id, event_type=event_type, detail=detail
        )
    except Exception:
        metrics.ACTIVITY_LOST.labels(kind=event_type.value).inc()
        logger.exception("not recorded: %s %s %s by %s", event_type, document_id, detail, actor_id)


def _is_recorded(interval: timedelta, **event: Any) -> bool:
    return Activity.objects.filter(**event, at__gt=clock.now() - interval).exists()


@dataclass(frozen=True, slots=True)
class Join:
    """The event of a user who opened a document."""

    document_id: str
    user_id: int
    at: datetime


def joins_record(joins: Sequence[Join]) -> int:
    """Record joins, except those within the interval of a recorded one; return how many rows.

    An advisory lock admits one server at a time: two servers that admit the same person at once
    record one join.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('scriptorium_activity_joins'))")
        fresh = _fresh(joins)
        users = users_by_id({join.user_id for join in fresh})
        rows = [_joined(join, users[join.user_id]) for join in fresh if join.user_id in users]
        return len(Activity.objects.bulk_create(rows))


def _fresh(joins: Sequence[Join]) -> list[Join]:
    """Return the joins that are not within the interval of another one of the same person."""
    if not joins:
        return []
    recorded = Activity.objects.filter(
        kind=EventType.JOINED,
        document_id__in={join.document_id for join in joins},
        actor_id__in={join.user_id for join in joins},
        at__gt=min(join.at for join in joins) - READ_RECORD_INTERVAL,
    )
    rows = recorded.order_by("at").values_list("document_id", "actor_id", "at")
    last_at = {(document_id, actor_id): at for document_id, actor_id, at in rows}
    fresh = []
    for join in joins:
        key = (join.document_id, join.user_id)
        if key not in last_at or join.at - last_at[key] >= READ_RECORD_INTERVAL:
            last_at[key] = join.at
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
