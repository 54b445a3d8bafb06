"""The trail in a form that tests compare."""

from typing import Any

from apps.activity.models import Activity


def trail(document_id: str, *kinds: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return ``(kind, username, detail)`` of the stored events, in the order of recording."""
    rows = Activity.objects.filter(document_id=document_id).order_by("id")
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return [(row.kind, row.username, row.detail) for row in rows]
