"""``documents/{id}/operations/stream/``: the log stream, for a page that plays a document."""

from typing import Final

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts.identity import caller
from apps.accounts.selectors import authors_named
from apps.collab.api.log_stream import log_stream_encode
from apps.collab.api.serializers import LogQuerySerializer
from apps.core.api.binary import BYTES, MEDIA_TYPE, AnyContentNegotiation
from apps.core.api.input import validated
from apps.core.api.responses import ERROR
from apps.documents.selectors import document_history_get
from apps.oplog.quarantine import quarantined_seqs
from apps.oplog.selectors import operations_page

#: Size of the updates and version vectors in one answer. The first operation may be larger.
STREAM_MAX_BYTES: Final = 4 * 1024 * 1024


class LogStreamView(APIView):
    """The operations of a document in binary form: author, time and update."""

    content_negotiation_class = AnyContentNegotiation

    @extend_schema(
        operation_id="documents_operations_stream",
        parameters=[LogQuerySerializer],
        responses={**BYTES, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> HttpResponse:
        """Read the log after a seq, in the form of ``docs/protocol.md``.

        ``X-Document-Seq`` is the seq of the last operation in the answer. The answer has fewer than
        ``limit`` operations at the end of the log, and where they are long.
        """
        document_history_get(user=caller(request), document_id=document_id)
        query = validated(LogQuerySerializer, request.query_params)
        operations = operations_page(document_id=document_id, max_bytes=STREAM_MAX_BYTES, **query)
        content = log_stream_encode(
            operations,
            authors=authors_named({operation.author_id for operation in operations}),
            quarantined=quarantined_seqs(document_id=document_id),
        )
        last = operations[-1].seq if operations else query["after"]
        headers = {"X-Document-Seq": str(last)}
        return HttpResponse(content, content_type=MEDIA_TYPE, headers=headers)
