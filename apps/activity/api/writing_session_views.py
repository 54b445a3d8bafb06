"""``documents/{id}/writing-sessions/``: who wrote when, as the history of a page lists it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.identity import caller
from apps.activity.api.serializers import (
    SittingSerializer,
    SittingsPageSerializer,
    SittingsQuerySerializer,
)
from apps.activity.api.views import actor_body
from apps.activity.models import Activity
from apps.activity.session_groups import SessionGroup
from apps.activity.session_selectors import (
    MarkedSessionGroup,
    session_groups_count,
    session_groups_page,
)
from apps.core.api.input import validated
from apps.core.api.paging import page_of
from apps.core.api.responses import ERROR
from apps.documents.selectors import document_history_get


class WritingSessionsView(APIView):
    """The sittings in which a document was written, with what was named and taken back in them."""

    @extend_schema(
        parameters=[SittingsQuerySerializer],
        responses={200: SittingsPageSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> Response:
        """List sittings, the latest first. Each operation of the log is in one of them."""
        document, _ = document_history_get(user=caller(request), document_id=document_id)
        query = validated(SittingsQuerySerializer, request.query_params)
        limit: int = query["limit"]
        rows = session_groups_page(
            document_id=document_id, before=query.get("before"), limit=limit + 1
        )
        page, following = page_of(
            request,
            rows,
            limit=limit,
            place=lambda row: row.sitting.first_seq,
            letters=query["letters"],
        )
        if query["letters"]:
            session_groups_count(document_id=document_id, lineage=document.lineage, page=page)
        bodies = SittingSerializer([_body(row) for row in page], many=True).data
        return Response({"results": bodies, "next": following})


def _body(marked: MarkedSessionGroup) -> dict[str, Any]:
    sitting = marked.sitting
    return {
        "first_seq": sitting.first_seq,
        "last_seq": sitting.last_seq,
        "operations": sitting.operations,
        "began_at": sitting.began_at,
        "last_at": sitting.last_at,
        "ongoing": sitting.ongoing,
        "authors": _authors(sitting),
        "versions": marked.versions,
        "restores": [_restore(each) for each in marked.restores],
        "letters": _letters(marked),
    }


def _letters(marked: MarkedSessionGroup) -> dict[str, int] | None:
    if marked.letters is None:
        return None
    added, removed = marked.letters
    return {"added": added, "removed": removed}


def _authors(sitting: SessionGroup) -> list[dict[str, Any]]:
    """Return each author once."""
    found = {
        each.username: {"id": each.author_id, "username": each.username, "name": each.name}
        for each in sitting.sessions
    }
    return list(found.values())


def _restore(row: Activity) -> dict[str, Any]:
    return {"part": False, **row.detail, "at": row.at, "actor": actor_body(row)}
