"""``…/restore/`` of a version or any seq, and ``undo/`` of a person: each makes one more edit."""

from typing import Any, Final

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.identity import caller
from apps.core.api.binary import BYTES, AnyContentNegotiation, bytes_response, etag_of
from apps.core.api.costly import CostlyAPIView
from apps.core.api.input import validated
from apps.core.api.responses import ERROR
from apps.core.errors import ForbiddenError
from apps.documents.models import Document
from apps.documents.selectors import document_history_get
from apps.edits.api.serializers import (
    RestoredSerializer,
    RestorePreviewSerializer,
    RestoreSerializer,
    UndoPreviewSerializer,
    UndoSerializer,
)
from apps.edits.restore import Restored, document_restore, restore_preview
from apps.edits.undo import author_undo, undo_preview
from apps.history.snapshot import EMPTY, Snapshot
from apps.history.states import state_at, version_state

_ERRORS: Final[dict[Any, Any]] = {400: ERROR, 403: ERROR, 404: ERROR}


class _RestoreView(CostlyAPIView):
    """Restores an earlier state; GET returns the edit without making it."""

    serializer_class = RestoreSerializer
    content_negotiation_class = AnyContentNegotiation

    def earlier(self, document_id: str, **path: int) -> Snapshot:
        """Return the state to restore."""
        raise NotImplementedError

    @extend_schema(parameters=[RestorePreviewSerializer], responses=BYTES)
    def get(self, request: Request, document_id: str, **path: int) -> HttpResponse:
        """Answer with the edit as a Yjs update for the present document, without making it.

        An editor that applies it as its own edit can undo it in one step.
        """
        document = _writable(request, document_id)
        earlier = self.earlier(document_id, **path)
        values = validated(RestorePreviewSerializer, request.query_params)
        seq, edit = restore_preview(
            document_id=document_id, lineage=document.lineage, earlier=earlier, **values
        )
        update = EMPTY.state if edit is None else edit.update
        return bytes_response(update, etag=etag_of(document.lineage, seq), seq=seq)

    @extend_schema(
        request=RestoreSerializer,
        responses={201: RestoredSerializer, 200: RestoredSerializer, **_ERRORS},
    )
    def post(self, request: Request, document_id: str, **path: Any) -> Response:
        """Make the edit: 201 with its seq, or 200 where the document has that state already."""
        document = _writable(request, document_id)
        values = validated(RestoreSerializer, request.data)
        restored = document_restore(
            document=document,
            earlier=self.earlier(document_id, **path),
            user_id=str(caller(request).pk),
            number=path.get("number"),
            **values,
        )
        return _answer(restored)


class VersionRestoreView(_RestoreView):
    """Restores the state of a version."""

    def earlier(self, document_id: str, **path: int) -> Snapshot:
        """Return the state of the version."""
        return version_state(document_id=document_id, number=path["number"])


class MomentRestoreView(_RestoreView):
    """Restores the state after an operation."""

    def earlier(self, document_id: str, **path: int) -> Snapshot:
        """Return the state after the operation."""
        return state_at(document_id=document_id, seq=path["seq"])


class AuthorUndoView(CostlyAPIView):
    """Undoes one person's edits since a seq or time; GET returns the edit without making it."""

    serializer_class = UndoSerializer
    content_negotiation_class = AnyContentNegotiation

    @extend_schema(parameters=[UndoPreviewSerializer], responses={**BYTES, **_ERRORS})
    def get(self, request: Request, document_id: str) -> HttpResponse:
        """Answer with the edit as a Yjs update for the present document, without making it.

        It deletes their insertions and restores their deletions; edits of others stay. For owners.
        """
        document = _owned(request, document_id)
        values = validated(UndoPreviewSerializer, request.query_params)
        author_id = str(values.pop("author"))
        _, seq, edit = undo_preview(document_id=document_id, author_id=author_id, **values)
        update = EMPTY.state if edit is None else edit.update
        return bytes_response(update, etag=etag_of(document.lineage, seq), seq=seq)

    @extend_schema(
        request=UndoSerializer,
        responses={201: RestoredSerializer, 200: RestoredSerializer, **_ERRORS},
    )
    def post(self, request: Request, document_id: str) -> Response:
        """Make the edit: 201 with its seq, or 200 where there is nothing to undo."""
        document = _owned(request, document_id)
        values = validated(UndoSerializer, request.data)
        author_id = str(values.pop("author"))
        user_id = str(caller(request).pk)
        restored = author_undo(document=document, author_id=author_id, user_id=user_id, **values)
        return _answer(restored)


def _answer(restored: Restored) -> Response:
    body = {"seq": restored.seq, "changed": restored.changed}
    return Response(body, status=201 if restored.changed else 200)


def _owned(request: Request, document_id: str) -> Document:
    document, abilities = document_history_get(user=caller(request), document_id=document_id)
    if not abilities.manage_owner:
        raise ForbiddenError("Only an owner may undo the edits of others.")
    return document


def _writable(request: Request, document_id: str) -> Document:
    document, abilities = document_history_get(user=caller(request), document_id=document_id)
    if not abilities.write:
        raise ForbiddenError("You may read this document, not restore it.")
    return document
