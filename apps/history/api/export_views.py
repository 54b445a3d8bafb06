"""``documents/{id}/export/{format}/``: a document as a file, at any seq."""

from typing import Any, Final

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from apps.accounts.identity import caller
from apps.core.api.binary import AnyContentNegotiation, not_modified
from apps.core.api.costly import CostlyAPIView
from apps.core.api.input import validated
from apps.core.api.responses import ERROR
from apps.documents.selectors import document_get, history_check
from apps.history.api.serializers import ExportQuerySerializer
from apps.history.content_export import EXPORT_MEDIA_TYPES, Export, export_get
from apps.history.events import DocumentExported, document_exported

_FILES: Final[dict[Any, Any]] = {
    (200, media_type.partition(";")[0]): OpenApiTypes.BINARY
    for media_type in EXPORT_MEDIA_TYPES.values()
}
#: A browser that displays an export runs no script of it and loads nothing.
POLICY = "sandbox; default-src 'none'"


class ExportView(CostlyAPIView):
    """A document as a file: HTML, Markdown, plain text, Word, ODT, RTF, EPUB, PDF and others.

    The others are reStructuredText, ProseMirror's JSON and a Yjs v1 update.
    """

    content_negotiation_class = AnyContentNegotiation

    @extend_schema(
        parameters=[
            OpenApiParameter("kind", str, "path", enum=sorted(EXPORT_MEDIA_TYPES)),
            ExportQuerySerializer,
        ],
        responses={
            **_FILES,
            400: ERROR,
            403: ERROR,
            404: ERROR,
            413: ERROR,
            422: ERROR,
            503: ERROR,
        },
    )
    def get(self, request: Request, document_id: str, kind: str) -> HttpResponse:
        """Answer with the file of a version, a seq or the present, or with 304."""
        user = caller(request)
        document, abilities = document_get(user=user, document_id=document_id)
        query = validated(ExportQuerySerializer, request.query_params)
        if query.keys() - {"pictures"}:
            history_check(abilities)
        export = export_get(document=document, kind=kind, **query)
        unchanged = not_modified(request, export.etag)
        if unchanged is not None:
            return unchanged
        file = _file(export)
        document_exported.publish(DocumentExported(document.id, kind, export.content.seq, user.pk))
        return file


def _file(export: Export) -> HttpResponse:
    response = HttpResponse(export.write(), content_type=export.media_type)
    response["ETag"] = export.etag
    response["X-Document-Seq"] = str(export.content.seq)
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=export.file_name
    )
    response["Content-Security-Policy"] = POLICY
    return response
