"""``documents/{id}/attachments/`` and ``documents/{id}/attachments/{sha}/``."""

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.identity import caller
from apps.attachments import selectors, services
from apps.attachments.api.authentication import SignedAddressAuthentication
from apps.attachments.api.file_response import file_response
from apps.attachments.api.serializers import (
    AttachmentBytesQuerySerializer,
    AttachmentPageSerializer,
    AttachmentQuerySerializer,
    AttachmentSerializer,
    AttachmentUploadSerializer,
    attachment_body,
)
from apps.attachments.signed_addresses import PARAMETER
from apps.attachments.uploads import Upload
from apps.core.api.binary import AnyContentNegotiation
from apps.core.api.costly import CostlyAPIView
from apps.core.api.input import validated
from apps.core.api.paging import paged
from apps.core.api.parsers import BoundedJSONParser, BoundedMultiPartParser
from apps.core.api.responses import ERROR
from apps.core.errors import InvalidInputError


class AttachmentSourceError(InvalidInputError):
    """There is neither a file nor a file of another document, or both."""

    code = "attachment_source"


class AttachmentParser(BoundedMultiPartParser):
    """A form with a file of at most ``ATTACHMENT_MAX_BYTES``."""

    limit = "ATTACHMENT_MAX_BYTES"


class AttachmentListView(CostlyAPIView):
    """The files of a document. POST attaches one: upload it, or name one of another document."""

    parser_classes = [AttachmentParser, BoundedJSONParser]
    serializer_class = AttachmentUploadSerializer

    def is_costly(self, request: Request) -> bool:
        """Return whether the call is an upload; a list waits for none."""
        return request.method == "POST"

    @extend_schema(
        tags=["attachments"],
        operation_id="documents_attachments_list",
        parameters=[AttachmentQuerySerializer],
        responses={200: AttachmentPageSerializer, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> Response:
        """List the files of all times, the latest first; for people who may see the history."""

        def fetch(*, before: int | None, limit: int) -> list[selectors.StoredAttachment]:
            return selectors.attachments_list(
                user=caller(request), document_id=document_id, before=before, limit=limit
            )

        return paged(
            request,
            validated(AttachmentQuerySerializer, request.query_params),
            fetch,
            key=lambda row: row.order,
            bodies=lambda rows: [attachment_body(row, request) for row in rows],
        )

    @extend_schema(
        tags=["attachments"],
        request={
            "multipart/form-data": AttachmentUploadSerializer,
            "application/json": AttachmentUploadSerializer,
        },
        responses={
            201: AttachmentSerializer,
            400: ERROR,
            403: ERROR,
            404: ERROR,
            413: ERROR,
            415: ERROR,
        },
    )
    def post(self, request: Request, document_id: str) -> Response:
        """Attach a file; the same file again is the same attachment.

        Its type is that of its content: a name or type that claims another one answers 415. Of a
        picture, only a cleaned one is served, without metadata.
        """
        values = validated(AttachmentUploadSerializer, request.data)
        attachment = _attach(values, request, document_id)
        body = attachment_body(attachment, request)
        return Response(body, status=201, headers={"Location": body["url"]})


class AttachmentDetailView(APIView):
    """The bytes of a file of a document."""

    authentication_classes = [
        SignedAddressAuthentication,
        *APIView.authentication_classes,
    ]
    content_negotiation_class = AnyContentNegotiation

    @extend_schema(
        tags=["attachments"],
        operation_id="documents_attachments_bytes",
        parameters=[
            AttachmentBytesQuerySerializer,
            OpenApiParameter(PARAMETER, str, description="Of a signed address; else sign in."),
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One range."),
        ],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            304: None,
            404: ERROR,
            416: ERROR,
        },
    )
    def get(self, request: Request, document_id: str, file_id: str) -> HttpResponseBase:
        """Return the bytes, or a range of them; of a picture the cleaned one."""
        query = validated(AttachmentBytesQuerySerializer, request.query_params)
        attachment = selectors.attachment_get(
            user=caller(request), document_id=document_id, file_id=file_id
        )
        variant = selectors.variant_of(attachment, width=query.get("width"))
        return file_response(request, attachment, variant)


def _attach(
    values: dict[str, Any], request: Request, document_id: str
) -> selectors.StoredAttachment:
    """Attach the file, or the file of another document, whichever is given."""
    file, source_id, file_id = values.get("file"), values.get("from"), values.get("id")
    if file is not None and source_id is None and file_id is None:
        upload = Upload(file, file.name or "", file.content_type or "")
        return services.attachment_create(
            user=caller(request), document_id=document_id, upload=upload
        )
    if file is None and source_id is not None and file_id is not None:
        return services.attachment_copy(
            user=caller(request), document_id=document_id, source_id=source_id, file_id=file_id
        )
    raise AttachmentSourceError("Send a file, or the `from` and `id` of a file, one of the two.")
