"""``documents/{id}/writing-sessions/``: who wrote when, for the list in the history dialog."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.identity import caller
from apps.activity.api.serializers import (
    SessionGroupSerializer,
    SessionGroupsPageSerializer,
    SessionGroupsQuerySerializer,
)
from apps.activity.api.views import actor_body
from apps.activity.models import Activity
from apps.activity.session_groups import SessionGroup
from apps.activity.session_selectors import (
    AnnotatedSessionGroup,
    session_groups_count_characters,
    session_groups_page,
)
from apps.core.api.input import validated
from apps.core.api.paging import paged
from apps.core.api.responses import ERROR
from apps.documents.selectors import document_history_get


class WritingSessionsView(APIView):
    """Groups of overlapping writing sessions, with the named versions and restores in them."""

    @extend_schema(
        parameters=[SessionGroupsQuerySerializer],
        responses={200: SessionGroupsPageSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> Response:
        """List groups, the latest first. Each operation of the log is in exactly one group."""
        document, _ = document_history_get(user=caller(request), document_id=document_id)
        query = validated(SessionGroupsQuerySerializer, request.query_params)

        def bodies(page: Sequence[AnnotatedSessionGroup]) -> Any:
            if query["letters"]:
                session_groups_count_characters(
                    document_id=document_id, lineage=document.lineage, page=page
                )
            return SessionGroupSerializer([_body(row) for row in page], many=True).data

        rows = partial(session_groups_page, document_id=document_id)
        return paged(request, query, rows, key=lambda row: row.group.first_seq, bodies=bodies)


def _body(annotated: AnnotatedSessionGroup) -> dict[str, Any]:
    group = annotated.group
    return {
        "first_seq": group.first_seq,
        "last_seq": group.last_seq,
        "operations": group.operations,
        "began_at": group.began_at,
        "last_at": group.last_at,
        "ongoing": group.ongoing,
        "authors": _authors(group),
        "versions": annotated.versions,
        "restores": [_restore(row) for row in annotated.restores],
        "letters": _characters(annotated),
    }


def _characters(annotated: AnnotatedSessionGroup) -> dict[str, int] | None:
    if annotated.characters is None:
        return None
    added, removed = annotated.characters
    return {"added": added, "removed": removed}


def _authors(group: SessionGroup) -> list[dict[str, Any]]:
    """Return each author once."""
    found = {
        span.username: {"id": span.author_id, "username": span.username, "name": span.name}
        for span in group.sessions
    }
    return list(found.values())


def _restore(row: Activity) -> dict[str, Any]:
    return {"part": False, **row.detail, "at": row.at, "actor": actor_body(row)}
