"""``documents/{id}/operations/``: the log, and an edit by REST."""

from typing import Any

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
from apps.oplog.selectors import operations_since


class OperationsView(APIView):
    """The operations of a document, oldest first; POST adds one the way a socket does."""

    serializer_class = OperationSubmitSerializer

    @extend_schema(parameters=[LogQuerySerializer], responses=LogPageSerializer)
    def get(self, request: Request, document_id: str) -> Response:
        """Read the log after a seq."""
        document_history_get(user=request.user, document_id=document_id)
        query = LogQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        begins = log_first_seq(document_id=document_id)
        after, limit = query.validated_data["after"], query.validated_data["limit"]
        after = max(after, begins - 1)
        operations = operations_since(document_id=document_id, after=after, limit=limit)
        authors = authors_named({operation.author_id for operation in operations})
        following = None
        if len(operations) == limit:
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


def _row(operation: Operation, author: dict[str, Any]) -> dict[str, Any]:
    return {
        "seq": operation.seq,
        "unique_id": operation.unique_id,
        "author": author,
        "received_at": operation.received_at,
        "version_vector": operation.version_vector,
        "size": len(operation.update),
        "update": operation.update,
    }
