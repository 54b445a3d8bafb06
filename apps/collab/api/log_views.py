"""``documents/{id}/operations/stream/``: the log as bytes, for a page that plays it."""

from collections.abc import Iterable
from typing import Final

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts.identity import caller
from apps.accounts.selectors import authors_named
from apps.collab.api.log_stream import pack_log
from apps.collab.api.serializers import LogQuerySerializer
from apps.core.api.binary import BYTES, MEDIA_TYPE, AnyContentNegotiation
from apps.core.api.input import validated
from apps.core.api.responses import ERROR
from apps.documents.selectors import document_history_get
from apps.oplog.operation import Operation
from apps.oplog.quarantine import quarantined_seqs
from apps.oplog.selectors import operations_iter

#: Updates in one answer; the first one is given whatever its length.
ANSWER_BYTES: Final = 4 * 1024 * 1024


class LogStreamView(APIView):
    """The operations of a document as bytes: who, when, and the update."""

    content_negotiation_class = AnyContentNegotiation

    @extend_schema(
        operation_id="documents_operations_packed",
        parameters=[LogQuerySerializer],
        responses={**BYTES, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> HttpResponse:
        """Read the log after a seq, in the form of ``docs/protocol.md``.

        ``X-Document-Seq`` is the seq of the last operation in the answer, which has fewer than
        ``limit`` at the end of the log and where their updates are long.
        """
        document_history_get(user=caller(request), document_id=document_id)
        query = validated(LogQuerySerializer, request.query_params)
        operations = _up_to_size(operations_iter(document_id=document_id, **query))
        content = pack_log(
            operations,
            authors=authors_named({each.author_id for each in operations}),
            set_aside=quarantined_seqs(document_id=document_id),
        )
        last = operations[-1].seq if operations else query["after"]
        headers = {"X-Document-Seq": str(last)}
        return HttpResponse(content, content_type=MEDIA_TYPE, headers=headers)


def _up_to_size(operations: Iterable[Operation]) -> list[Operation]:
    """Return the operations until their updates have ``ANSWER_BYTES``, and at least one."""
    taken: list[Operation] = []
    size = 0
    for each in operations:
        size += len(each.update)
        if taken and size > ANSWER_BYTES:
            break
        taken.append(each)
    return taken
