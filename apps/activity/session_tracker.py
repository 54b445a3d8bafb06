"""Sessions of writing, taken out of the log into the trail.

The log is the truth (docs/invariants.md, 5) and knows every edit with its author and time,
so the trail follows *it*, not Kafka and not the sockets: nothing is added to the way of an edit,
and nobody can get an edit past the trail. A task of the workers reads who wrote since the last
look (no content), and one transaction of PostgreSQL stores all of it under one row's lock: how far
it came, the sessions that go on, and a row for each session that is over. Killed, it did all or
nothing; run twice, it finds nothing new; missed, the next run goes on where the last one was.

Not computed from the log at each read: a session may be 100,000 operations long, and a compacted
log tells less. Not a row when a session begins: the trail's rows cannot be changed, and how a
session ended is known at its end. Until then a reader gets it from the row that goes on.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from django.db import connection, transaction

from apps.accounts.models import User
from apps.accounts.selectors import users_by_id
from apps.activity.event_types import EventType
from apps.activity.models import Activity, Writing
from apps.activity.writing_sessions import PAUSE, WritingSession, writing_sessions_fold
from apps.core import clock, metrics
from apps.documents.models import Document
from apps.oplog.selectors import writes_since

logger = logging.getLogger(__name__)

#: Operations that one transaction takes in.
TURN = 5_000
#: Documents that one query looks at.
CHUNK = 200


def writing_follow(*, edited_within: timedelta) -> int:
    """Bring the trail up to the logs of the documents edited lately; return how many documents.

    One that fails is logged, and the others go on.
    """
    now = clock.now()
    due = set(Writing.objects.filter(closes_at__lte=now).values_list("pk", flat=True))
    due.update(_behind(edited_after=now - edited_within))
    for document_id in due:
        try:
            writing_advance(document_id=document_id)
        except Exception:
            metrics.ACTIVITY_LOST.labels(kind=EventType.EDITED.value).inc()
            logger.exception("writing in %s not recorded; the next run tries again", document_id)
    return len(due)


def writing_advance(*, document_id: str) -> int:
    """Bring the trail up to the end of a document's log; return how many operations it took in."""
    count = 0
    while True:
        taken = _turn(document_id)
        count += taken
        if taken < TURN:
            return count


def session_activity(document_id: str, session: WritingSession, author: User | None) -> Activity:
    """Return the row of a session; it is stored once the session is over."""
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
    """Return ``{author id: user}`` for those who have an account (any more)."""
    wanted = {int(each.author_id) for each in sessions if each.author_id.isdecimal()}
    return {str(pk): user for pk, user in users_by_id(wanted).items()}


def _behind(*, edited_after: datetime) -> Iterator[str]:
    """Yield the documents edited since then of whose log the trail lacks something."""
    documents = Document.objects(updated_at__gt=edited_after, seq__gt=0).only("id", "seq")
    rows = iter(documents.order_by("-updated_at"))
    while chunk := list(islice(rows, CHUNK)):
        heads = {document.id: document.seq for document in chunk}
        told = dict(Writing.objects.filter(pk__in=heads).values_list("pk", "seq"))
        yield from (key for key, seq in heads.items() if seq > told.get(key, 0))


@transaction.atomic
def _turn(document_id: str) -> int:
    """Take in the next operations, at most ``TURN``; return how many there were."""
    writing = _locked(document_id)
    writes = writes_since(document_id=document_id, after=writing.seq, limit=TURN)
    going, over = writing_sessions_fold(map(WritingSession.from_json, writing.sessions), writes)
    if len(writes) < TURN:  # only at the end of the log is a silence a silence
        now = clock.now()
        over += [session for session in going if session.is_over(now)]
        going = [session for session in going if not session.is_over(now)]
    _number([session for session in [*over, *going] if not session.id])
    authors = authors_of(over)
    Activity.objects.bulk_create(
        session_activity(document_id, session, authors.get(session.author_id)) for session in over
    )
    writing.seq = writes[-1].seq if writes else writing.seq
    writing.sessions = [session.to_json() for session in going]
    writing.closes_at = min((each.last_at + PAUSE for each in going), default=None)
    writing.save()
    return len(writes)


def _locked(document_id: str) -> Writing:
    """Return the document's row, made if need be, once nobody else moves it."""
    Writing.objects.bulk_create([Writing(document_id=document_id)], ignore_conflicts=True)
    return Writing.objects.select_for_update().get(pk=document_id)


def _number(sessions: Sequence[WritingSession]) -> None:
    """Give new sessions the ids that their rows will have."""
    if not sessions:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('activity', 'id')) FROM generate_series(1, %s)",
            [len(sessions)],
        )
        for session, (number,) in zip(sessions, cursor.fetchall(), strict=True):
            session.id = number
