"""Reads of the trail."""

from django.db.models import Q

from apps.activity.event_types import SHARING
from apps.activity.models import Activity, Writing
from apps.activity.session_tracker import authors_of, session_activity
from apps.activity.writing_sessions import WritingSession
from apps.core import clock, errors


class UnknownActivityError(errors.InvalidInputError):
    """The document's trail has no such row to go on from."""

    code = "unknown_activity"


def activity_page(
    *, document_id: str, before: int | None = None, limit: int, with_sharing: bool
) -> list[Activity]:
    """Return the latest deeds on a document, or those before the one with id ``before``.

    Sessions of writing that go on are among them, as rows that are not stored; their last edit is
    their moment, so they come first again when their authors write on. ``with_sharing``: also who
    was given and lost which right. Raises ``UnknownActivityError``.
    """
    # Before the rows: a session that ends meanwhile is in both then, never in neither.
    going = _going(document_id)
    rows = Activity.objects.filter(document_id=document_id).select_related("actor")
    if before is not None:
        last = _last_seen(document_id, going, before)
        # In this form PostgreSQL begins at ``at`` in the index; with an "or" it would not.
        rows = rows.filter(Q(at__lte=last.at) & ~Q(at=last.at, id__gte=last.id))
        going = [each for each in going if (each.at, each.id) < (last.at, last.id)]
    if not with_sharing:
        rows = rows.exclude(kind__in=SHARING)
    found = {row.id: row for row in [*going, *rows[:limit]]}
    return sorted(found.values(), key=lambda row: (row.at, row.id), reverse=True)[:limit]


def _going(document_id: str) -> list[Activity]:
    """Return the sessions of writing that go on, in the form of rows."""
    stored = Writing.objects.filter(pk=document_id).values_list("sessions", flat=True).first()
    sessions, now = [WritingSession.from_json(row) for row in stored or []], clock.now()
    authors = authors_of(sessions)
    rows = []
    for session in sessions:
        row = session_activity(document_id, session, authors.get(session.author_id))
        row.detail["ongoing"] = not session.is_over(now)
        rows.append(row)
    return rows


def _last_seen(document_id: str, going: list[Activity], before: int) -> Activity:
    stored = Activity.objects.filter(document_id=document_id, pk=before).first()
    found = stored or next((row for row in going if row.id == before), None)
    if found is None:
        raise UnknownActivityError("There is no such activity to go on from. Start anew.")
    return found
