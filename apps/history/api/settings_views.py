"""``documents/{id}/history-settings/``: visibility and retention of the history."""

from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.identity import caller
from apps.core.api.input import validated
from apps.core.api.responses import ERROR
from apps.documents.models import Document
from apps.documents.selectors import document_get
from apps.documents.services import HistoryChanges
from apps.history.api.serializers import (
    HistorySettingsChangeSerializer,
    HistorySettingsSerializer,
)
from apps.history.policy import history_policy, history_settings_change


class HistorySettingsView(APIView):
    """The history settings of a document. PATCH changes some of them; only owners may."""

    serializer_class = HistorySettingsChangeSerializer

    @extend_schema(responses={200: HistorySettingsSerializer, 404: ERROR})
    def get(self, request: Request, document_id: str) -> Response:
        """Return the document's own settings, and the settings in force."""
        document, _ = document_get(user=caller(request), document_id=document_id)
        return _answer(document)

    @extend_schema(
        request=HistorySettingsChangeSerializer,
        responses={200: HistorySettingsSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def patch(self, request: Request, document_id: str) -> Response:
        """Change the given settings; null stands for the server's setting."""
        changes = cast("HistoryChanges", validated(HistorySettingsChangeSerializer, request.data))
        user = caller(request)
        return _answer(history_settings_change(user=user, document_id=document_id, changes=changes))


def _answer(document: Document) -> Response:
    body = {
        "viewers_may_look": document.viewers_may_look,
        "compact_after_days": document.compact_after_days,
        "keep": document.keep or None,
        "in_force": history_policy(document).as_dict(),
    }
    return Response(HistorySettingsSerializer(body).data)
