"""``documents/import/``, ``documents/{id}/import/``, ``documents/{id}/duplicate/``."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.identity import caller
from apps.collab.api.serializers import SubmittedSerializer
from apps.core import ids
from apps.core.api.costly import CostlyAPIView
from apps.core.api.input import validated
from apps.core.api.parsers import BoundedJSONParser, BoundedMultiPartParser
from apps.core.api.responses import ERROR
from apps.documents.api.serializers import DocumentSerializer
from apps.documents.api.views import document_body
from apps.edits.api.serializers import (
    ContentImportSerializer,
    DocumentDuplicateSerializer,
    DocumentImportSerializer,
)
from apps.edits.import_sources import (
    ImportSourceError,
    Source,
    source_of_file,
    source_of_text,
)
from apps.edits.importing import content_insert, document_duplicate, document_import

#: Answers to a file that is too large, of another type or damaged, and of a busy server.
_TOO_MUCH: Final[dict[Any, Any]] = {413: ERROR, 415: ERROR, 422: ERROR, 503: ERROR}
_PARSERS = [BoundedJSONParser, BoundedMultiPartParser]


class DocumentImportView(CostlyAPIView):
    """Create a document from a file or text.

    Formats: Markdown, HTML, plain text, Word, ODT, RTF, EPUB, reStructuredText, ProseMirror's JSON.
    """

    parser_classes = _PARSERS
    serializer_class = DocumentImportSerializer

    @extend_schema(
        operation_id="documents_import_new",
        request=DocumentImportSerializer,
        responses={201: DocumentSerializer, 400: ERROR, 403: ERROR, **_TOO_MUCH},
    )
    def post(self, request: Request) -> Response:
        """Create a document with this content; you are its owner. Without the right: 403."""
        values = validated(DocumentImportSerializer, request.data)
        document = document_import(
            user=caller(request), source=_source(values), title=values["title"]
        )
        body = document_body(document, request)
        return Response(body, status=201, headers={"Location": body["links"]["self"]})


class DocumentDuplicateView(CostlyAPIView):
    """Create a document with the present content of another one."""

    serializer_class = DocumentDuplicateSerializer

    @extend_schema(
        request=DocumentDuplicateSerializer,
        responses={201: DocumentSerializer, 400: ERROR, 403: ERROR, 404: ERROR, 413: ERROR},
    )
    def post(self, request: Request, document_id: str) -> Response:
        """Duplicate a document that you may read; you own the new one. Without the right: 403."""
        values = validated(DocumentDuplicateSerializer, request.data)
        document = document_duplicate(
            user=caller(request), document_id=document_id, title=values["title"]
        )
        body = document_body(document, request)
        return Response(body, status=201, headers={"Location": body["links"]["self"]})


class ContentImportView(CostlyAPIView):
    """Insert a file or text into a document by one edit, in any format of an import."""

    parser_classes = _PARSERS
    serializer_class = ContentImportSerializer

    @extend_schema(
        operation_id="documents_import_into",
        request=ContentImportSerializer,
        responses={
            201: SubmittedSerializer,
            200: SubmittedSerializer,
            400: ERROR,
            403: ERROR,
            404: ERROR,
            409: ERROR,
            **_TOO_MUCH,
        },
    )
    def post(self, request: Request, document_id: str) -> Response:
        """Insert the content; a repeated unique id answers 200 with the same seq."""
        values = validated(ContentImportSerializer, request.data)
        unique_id = values["unique_id"] or ids.new_id()
        submitted = content_insert(
            user=caller(request),
            document_id=document_id,
            source=_source(values),
            at_start=values["at"] == "start",
            unique_id=unique_id,
        )
        body = {
            "seq": submitted.seq,
            "unique_id": unique_id,
            "duplicate": submitted.duplicate,
        }
        return Response(body, status=200 if submitted.duplicate else 201)


def _source(values: dict[str, Any]) -> Source:
    """Return the content or the file, whichever is given. Raises ``ImportSourceError``."""
    content, file = values.get("content"), values.get("file")
    if file is not None and not content:
        return source_of_file(file.read(), name=file.name, kind=values["format"])
    if file is None and content is not None:
        return source_of_text(content, kind=values["format"])
    raise ImportSourceError("Send a content or a file, one of the two.")
