"""``documents/{id}/activity/``: the events of a document, the latest first."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.identity import caller
from apps.accounts.selectors import users_by_username
from apps.activity.api.serializers import (
    ActivityPageSerializer,
    ActivityQuerySerializer,
    ActivitySerializer,
)
from apps.activity.models import Activity
from apps.activity.selectors import activity_page
from apps.core.api.input import validated
from apps.core.api.paging import paged
from apps.core.api.responses import ERROR
from apps.documents.selectors import document_history_get


class ActivityView(APIView):
    """The events of a document. Nobody can change them."""

    @extend_schema(
        parameters=[ActivityQuerySerializer],
        responses={200: ActivityPageSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> Response:
        """List events. Sharing events are included only for people who may share."""
        _, abilities = document_history_get(user=caller(request), document_id=document_id)
        query = validated(ActivityQuerySerializer, request.query_params)
        rows = partial(activity_page, document_id=document_id, with_sharing=abilities.share)
        return paged(request, query, rows, key=lambda row: row.id, bodies=_bodies)


def actor_body(activity: Activity) -> dict[str, Any]:
    """Return the actor of an event, as REST represents people."""
    actor, name = activity.actor, activity.username or None
    return {
        "id": actor.pk if actor else None,
        "username": actor.username if actor else name,
        "name": actor.display_name if actor else name,
    }


def _bodies(page: Sequence[Activity]) -> Any:
    subjects = {username for activity in page if (username := _subject_of(activity))}
    names = {username: user.display_name for username, user in users_by_username(subjects).items()}
    return ActivitySerializer([_body(activity, names) for activity in page], many=True).data


def _subject_of(activity: Activity) -> str:
    """Return the username of the person that an event is about, "" for no person."""
    author = activity.detail.get("author") or {}
    return str(activity.detail.get("user") or author.get("username") or "")


def _body(activity: Activity, names: dict[str, str]) -> dict[str, Any]:
    subject = _subject_of(activity)
    return {
        "id": activity.id,
        "kind": activity.kind,
        "actor": actor_body(activity),
        "at": activity.at,
        "detail": activity.detail,
        "subject_name": names.get(subject, subject) or None,
    }
