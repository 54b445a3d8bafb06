"""Reads of the trail."""

from django.db.models import Q

from apps.activity.event_types import SHARING_EVENTS
from apps.activity.models import Activity, Writing
from apps.activity.session_tracker import authors_of, session_activity
from apps.activity.writing_sessions import WritingSession
from apps.core import clock, errors


class UnknownActivityError(errors.InvalidInputError):
    """The document's trail has no row with the id that ``before`` names."""

    code = "unknown_activity"


def activity_page(
    *, document_id: str, before: int | None = None, limit: int, with_sharing: bool
) -> list[Activity]:
    """Return the latest events of a document, or those before the one with id ``before``.

    Ongoing writing sessions are included as rows that are not stored. Their time is that of their
    last edit, so they move to the front when their authors write again. ``with_sharing`` includes
    the events that grant and revoke rights. Raises ``UnknownActivityError``.
    """
    # Read before the stored rows: a session that ends in between is in both, never in neither.
    ongoing = _ongoing_rows(document_id)
    rows = Activity.objects.filter(document_id=document_id).select_related("actor")
    if before is not None:
        last = _row_find(document_id, ongoing, before)
        # In this form PostgreSQL starts at ``at`` in the index; with an "or" it would not.
        rows = rows.filter(Q(at__lte=last.at) & ~Q(at=last.at, id__gte=last.id))
        ongoing = [row for row in ongoing if (row.at, row.id) < (last.at, last.id)]
    if not with_sharing:
        rows = rows.exclude(kind__in=SHARING_EVENTS)
    found = {row.id: row for row in [*ongoing, *rows[:limit]]}
    return sorted(found.values(), key=lambda row: (row.at, row.id), reverse=True)[:limit]


def _ongoing_rows(document_id: str) -> list[Activity]:
    """Return the ongoing writing sessions as rows that are not stored."""
    stored = Writing.objects.filter(pk=document_id).values_list("sessions", flat=True).first()
    sessions, now = [WritingSession.from_json(row) for row in stored or []], clock.now()
    authors = authors_of(sessions)
    rows = []
    for session in sessions:
        row = session_activity(document_id, session, authors.get(session.author_id))
        row.detail["ongoing"] = not session.is_over(now)
        rows.append(row)
    return rows


def _row_find(document_id: str, ongoing: list[Activity], row_id: int) -> Activity:
    stored = Activity.objects.filter(document_id=document_id, pk=row_id).first()
    found = stored or next((row for row in ongoing if row.id == row_id), None)
    if found is None:
        raise UnknownActivityError("No event here has this id. Start from the first page.")
    return found
