"""Tracks writing sessions: reads the operation log, and records each session in the trail.

The log is the truth (docs/invariants.md, 5) and has every edit with its author and time, so the
trail is derived from the log and not from Kafka or the sockets: an edit costs nothing more, and no
edit can bypass the trail. A task of the workers reads the operations since its last run, without
their content. One transaction of PostgreSQL, under the lock of one row, stores the result: the
last operation read, the ongoing sessions, and a row for each session that has ended. A task that
is killed has stored all of it or nothing, a second run finds nothing new, and a run that was missed
is made up for by the next one.

Two alternatives were rejected. Sessions are not computed from the log at each read, because a
session may have 100,000 operations, and a compacted log has less detail. A row is not stored when a
session begins, because rows of the trail cannot be changed, and the end of a session is known only
when it has ended. Until then, readers get the session from the row of ongoing sessions.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from apps.accounts.models import User
from apps.accounts.selectors import users_by_id
from apps.activity.event_types import EventType
from apps.activity.models import Activity, Writing
from apps.activity.writing_sessions import SESSION_PAUSE, WritingSession, writing_sessions_fold
from apps.core import clock, metrics
from apps.documents.selectors import documents_edited_since
from apps.oplog.selectors import writes_since

logger = logging.getLogger(__name__)

#: Operations that are read from the log at once, and recorded in one transaction.
OPERATIONS_PER_READ = 5_000


def writing_follow(*, edited_within: timedelta) -> int:
    """Bring the trail up to the logs of the documents edited lately; return how many documents.

    A document that fails is logged, and the other documents are processed.
    """
    now = clock.now()
    due = set(Writing.objects.filter(closes_at__lte=now).values_list("pk", flat=True))
    due.update(_documents_behind(edited_after=now - edited_within))
    for document_id in due:
        try:
            writing_advance(document_id=document_id)
        except Exception:
            metrics.ACTIVITY_LOST.labels(kind=EventType.EDITED.value).inc()
            logger.exception("writing in %s not recorded; the next run tries again", document_id)
    return len(due)


def writing_advance(*, document_id: str) -> int:
    """Bring the trail up to the end of a document's log; return how many operations were read."""
    total = 0
    while True:
        count = _record_next(document_id)
        total += count
        if count < OPERATIONS_PER_READ:
            return total


def session_activity(document_id: str, session: WritingSession, author: User | None) -> Activity:
    """Return the trail's row of a session; it is stored only when the session has ended."""
    return Activity(
        id=session.id,
        document_id=document_id,
        actor=author,
        username=author.username if author else "",
        kind=EventType.EDITED,
        detail=session.detail(),
        at=session.last_at,
    )


def authors_of(sessions: Iterable[WritingSession]) -> dict[str, User]:
    """Return ``{author id: user}`` for the authors whose account exists."""
    user_ids = {int(session.author_id) for session in sessions if session.author_id.isdecimal()}
    return {str(pk): user for pk, user in users_by_id(user_ids).items()}


def _documents_behind(*, edited_after: datetime) -> Iterator[str]:
    """Yield the documents edited since then whose log is longer than the trail has read."""
    for chunk in documents_edited_since(edited_after):
        heads = {document.id: document.seq for document in chunk}
        recorded = dict(Writing.objects.filter(pk__in=heads).values_list("pk", "seq"))
        yield from (key for key, seq in heads.items() if seq > recorded.get(key, 0))


@transaction.atomic
def _record_next(document_id: str) -> int:
    """Record the next operations, at most ``OPERATIONS_PER_READ``; return how many there were."""
    state = _state_locked(document_id)
    writes = writes_since(document_id=document_id, after=state.seq, limit=OPERATIONS_PER_READ)
    ongoing, ended = writing_sessions_fold(map(WritingSession.from_json, state.sessions), writes)
    if len(writes) < OPERATIONS_PER_READ:  # a pause is known only at the end of the log
        now = clock.now()
        ended += [session for session in ongoing if session.is_over(now)]
        ongoing = [session for session in ongoing if not session.is_over(now)]
    _assign_ids([session for session in [*ended, *ongoing] if not session.id])
    authors = authors_of(ended)
    Activity.objects.bulk_create(
        session_activity(document_id, session, authors.get(session.author_id)) for session in ended
    )
    state.seq = writes[-1].seq if writes else state.seq
    state.sessions = [session.to_json() for session in ongoing]
    state.closes_at = min((session.last_at + SESSION_PAUSE for session in ongoing), default=None)
    state.save()
    return len(writes)


def _state_locked(document_id: str) -> Writing:
    """Return the document's row under its lock; create the row if there is none."""
    Writing.objects.bulk_create([Writing(document_id=document_id)], ignore_conflicts=True)
    return Writing.objects.select_for_update().get(pk=document_id)


def _assign_ids(sessions: Sequence[WritingSession]) -> None:
    """Give new sessions the ids that their rows in the trail will have."""
    if not sessions:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('activity', 'id')) FROM generate_series(1, %s)",
            [len(sessions)],
        )
        for session, (row_id,) in zip(sessions, cursor.fetchall(), strict=True):
            session.id = row_id
