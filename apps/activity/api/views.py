"""``documents/{id}/activity/``: who did what, the latest first."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.identity import caller
from apps.activity.api.serializers import (
    ActivityPageSerializer,
    ActivityQuerySerializer,
    ActivitySerializer,
)
from apps.activity.models import Activity
from apps.activity.selectors import activity_page
from apps.core.api.input import validated
from apps.core.api.paging import page_of
from apps.core.api.responses import ERROR
from apps.documents.selectors import document_history_get


class ActivityView(APIView):
    """What was done to a document and by whom. Nobody can change it."""

    @extend_schema(
        parameters=[ActivityQuerySerializer],
        responses={200: ActivityPageSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> Response:
        """Read the trail; who was given which right is only for those who may share."""
        _, abilities = document_history_get(user=caller(request), document_id=document_id)
        query = validated(ActivityQuerySerializer, request.query_params)
        limit: int = query["limit"]
        rows = activity_page(
            document_id=document_id,
            before=query.get("before"),
            limit=limit + 1,
            with_sharing=abilities.share,
        )
        page, following = page_of(request, rows, limit=limit, place=lambda row: row.id)
        bodies = ActivitySerializer([_row(row) for row in page], many=True).data
        return Response({"results": bodies, "next": following})


def actor_body(activity: Activity) -> dict[str, Any]:
    """Return who did it, as the interface says it."""
    actor, name = activity.actor, activity.username or None
    return {
        "id": actor.pk if actor else None,
        "username": actor.username if actor else name,
        "name": actor.display_name if actor else name,
    }


def _row(activity: Activity) -> dict[str, Any]:
    return {
        "id": activity.id,
        "kind": activity.kind,
        "actor": actor_body(activity),
        "at": activity.at,
        "detail": activity.detail,
    }
