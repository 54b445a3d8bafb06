"""``documents/{id}/operations/``: the log, and an edit by REST."""

from collections.abc import Sequence
from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.selectors import authors_named
from apps.collab.api.serializers import (
    LogPageSerializer,
    LogQuerySerializer,
    OperationSerializer,
    OperationSubmitSerializer,
    SubmittedSerializer,
)
from apps.collab.services import operation_submit
from apps.core.errors import ForbiddenError
from apps.documents.selectors import document_get, document_history_get
from apps.oplog.compaction_point import log_first_seq
from apps.oplog.operation import Operation
from apps.oplog.selectors import head_seq, operations_page

#: Size of the updates and version vectors in one page. The first operation may be larger.
PAGE_MAX_BYTES: Final = 4 * 1024 * 1024


class OperationsView(APIView):
    """The operations of a document, oldest first; POST adds one the way a socket does."""

    serializer_class = OperationSubmitSerializer

    @extend_schema(parameters=[LogQuerySerializer], responses=LogPageSerializer)
    def get(self, request: Request, document_id: str) -> Response:
        """Read the log after a seq: ``limit`` operations, fewer where they are long."""
        document_history_get(user=request.user, document_id=document_id)
        query = LogQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        begins = log_first_seq(document_id=document_id)
        after, limit = query.validated_data["after"], query.validated_data["limit"]
        after = max(after, begins - 1)
        operations = operations_page(
            document_id=document_id, after=after, limit=limit, max_bytes=PAGE_MAX_BYTES
        )
        authors = authors_named({operation.author_id for operation in operations})
        following = None
        if operations and _goes_on(document_id, operations, limit):
            path = request.build_absolute_uri(request.path)
            following = f"{path}?after={operations[-1].seq}&limit={limit}"
        rows = [_row(operation, authors[operation.author_id]) for operation in operations]
        results = OperationSerializer(rows, many=True).data
        return Response({"results": results, "next": following, "begins": begins})

    @extend_schema(
        request=OperationSubmitSerializer,
        responses={201: SubmittedSerializer, 200: SubmittedSerializer},
    )
    def post(self, request: Request, document_id: str) -> Response:
        """Add an edit; the same unique id again answers 200 with the same seq."""
        document, abilities = document_get(user=request.user, document_id=document_id)
        if not abilities.write:
            raise ForbiddenError("You may read this document, not write in it.")
        serializer = OperationSubmitSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        submitted = operation_submit(
            document_id=document_id,
            lineage=document.lineage,
            author_id=str(request.user.pk),
            **serializer.validated_data,
        )
        body = {
            "seq": submitted.seq,
            "unique_id": serializer.validated_data["unique_id"],
            "duplicate": submitted.duplicate,
        }
        return Response(body, status=200 if submitted.duplicate else 201)


def _goes_on(document_id: str, page: Sequence[Operation], limit: int) -> bool:
    """Return whether the log may have more behind a page; a short page may have been cut."""
    return len(page) == limit or head_seq(document_id=document_id) > page[-1].seq


def _row(operation: Operation, author: dict[str, Any]) -> dict[str, Any]:
    return {
        "seq": operation.seq,
        "unique_id": operation.unique_id,
        "author": author,
        "received_at": operation.received_at,
        "version_vector": operation.version_vector,
        "size": len(operation.update),
        "update": operation.update,
        "copies": operation.copies,
    }
