"""``documents/{id}/state/``: the present state of a document, as the log has it."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from apps.core import base64
from apps.core.api.binary import (
    BYTES,
    AnyContentNegotiation,
    bytes_response,
    etag_of,
    not_modified,
)
from apps.core.api.costly import CostlyAPIView
from apps.crdt.codec.vectors import decode_vector
from apps.documents.selectors import document_get
from apps.history.recovery import document_read, state_of


class StateView(CostlyAPIView):
    """The present state as a Yjs v1 update: all of it, or what a state vector lacks."""

    content_negotiation_class = AnyContentNegotiation

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "state_vector",
                str,
                description="The client's state vector, base64url; the answer is the difference.",
            )
        ],
        responses=BYTES,
    )
    def get(self, request: Request, document_id: str) -> HttpResponse:
        """Answer with the bytes; ``ETag`` identifies the state, ``X-Document-Seq`` is its seq."""
        document, _ = document_get(user=request.user, document_id=document_id)
        vector = _state_vector(request)
        loaded = document_read(document_id=document_id)
        etag = etag_of(document.lineage, loaded.seq)
        unchanged = not_modified(request, etag) if vector is None else None
        if unchanged is not None:
            return unchanged
        state = state_of(loaded, document_id=document_id, vector=vector)
        return bytes_response(state, etag=etag, seq=loaded.seq)


def _state_vector(request: Request) -> bytes | None:
    """Read the query's vector. Raises ``InvalidInputError``."""
    text = request.query_params.get("state_vector")
    if not text:
        return None
    vector = base64.decode(text)
    decode_vector(vector)
    return vector
