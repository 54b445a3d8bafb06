"""``…/restore/`` of a version and of any moment: the way back, as one more edit."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.input import validated
from apps.accounts.api.responses import ERROR
from apps.accounts.identity import caller
from apps.collab.api.serializers import (
    RestoredSerializer,
    RestorePreviewSerializer,
    RestoreSerializer,
)
from apps.collab.restoring import document_restore_to, restore_preview
from apps.core.errors import ForbiddenError
from apps.documents.models import Document
from apps.documents.selectors import document_get
from apps.history.api.binary import BYTES, AnyContentNegotiation, bytes_response, etag_of
from apps.history.moments import moment_content, version_content
from apps.history.snapshot import EMPTY, Snapshot


class _RestoreView(APIView):
    """Takes a document back; GET gives the edit without making it."""

    serializer_class = RestoreSerializer
    content_negotiation_class = AnyContentNegotiation

    def earlier(self, document_id: str, **place: int) -> Snapshot:
        """Return the content to go back to."""
        raise NotImplementedError

    @extend_schema(parameters=[RestorePreviewSerializer], responses=BYTES)
    def get(self, request: Request, document_id: str, **place: int) -> HttpResponse:
        """Answer with the edit as a Yjs update for the present document, and make nothing.

        An editor that applies it as its own edit can undo it in one step.
        """
        document = _writable(request, document_id)
        earlier = self.earlier(document_id, **place)
        seen = validated(RestorePreviewSerializer, request.query_params).get("seen_seq")
        seq, update = restore_preview(document_id=document_id, earlier=earlier, seen_seq=seen)
        return bytes_response(update or EMPTY.state, etag=etag_of(document.lineage, seq), seq=seq)

    @extend_schema(
        request=RestoreSerializer,
        responses={
            201: RestoredSerializer,
            200: RestoredSerializer,
            400: ERROR,
            403: ERROR,
            404: ERROR,
        },
    )
    def post(self, request: Request, document_id: str, **place: Any) -> Response:
        """Make the edit: 201 with its seq, or 200 where the document looks like that already."""
        document = _writable(request, document_id)
        wish = validated(RestoreSerializer, request.data)
        restored = document_restore_to(
            document=document,
            earlier=self.earlier(document_id, **place),
            user_id=str(caller(request).pk),
            number=place.get("number"),
            unique_id=wish["unique_id"],
            seen_seq=wish.get("seen_seq"),
        )
        body = {"seq": restored.seq, "changed": restored.changed}
        return Response(body, status=201 if restored.changed else 200)


class VersionRestoreView(_RestoreView):
    """Takes a document back to a version."""

    def earlier(self, document_id: str, **place: int) -> Snapshot:
        """Return the content of the version."""
        return version_content(document_id=document_id, number=place["number"])


class MomentRestoreView(_RestoreView):
    """Takes a document back to what it was after an operation."""

    def earlier(self, document_id: str, **place: int) -> Snapshot:
        """Return the content of the moment."""
        return moment_content(document_id=document_id, seq=place["seq"])


def _writable(request: Request, document_id: str) -> Document:
    document, abilities = document_get(user=caller(request), document_id=document_id)
    if not abilities.write:
        raise ForbiddenError("You may read this document, not take it back.")
    return document
