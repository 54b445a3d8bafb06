"""``documents/{id}/state/``: the present state of a document, as durable as the log."""

from django.http import HttpResponse, HttpResponseNotModified
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.core import base64
from apps.crdt.vectors import decode_vector
from apps.documents.selectors import document_get
from apps.history.recovery import document_load, state_of


class BinaryRenderer(BaseRenderer):
    """Yjs updates as they are."""

    media_type = "application/octet-stream"
    format = "bin"
    charset = None
    render_style = "binary"


class AnyContentNegotiation(DefaultContentNegotiation):
    """Give the bytes whatever a client says that it accepts; errors stay JSON."""

    def select_renderer(self, request, renderers, format_suffix=None):  # type: ignore[no-untyped-def]
        """Choose JSON, which only an error is rendered with."""
        return JSONRenderer(), JSONRenderer.media_type


class StateView(APIView):
    """A Yjs v1 update of everything, or of what a state vector lacks."""

    content_negotiation_class = AnyContentNegotiation

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "state_vector",
                str,
                description="What the client has, base64url; gives the difference.",
            )
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, document_id: str) -> HttpResponse:
        """Answer with the bytes; ``ETag`` names the moment, ``X-Document-Seq`` its seq."""
        document, _ = document_get(user=request.user, document_id=document_id)
        vector = _state_vector(request)
        loaded = document_load(document_id=document_id)
        etag = f'"{document.lineage}-{loaded.seq}"'
        if vector is None and etag in request.headers.get("If-None-Match", ""):
            return HttpResponseNotModified(headers={"ETag": etag})
        return HttpResponse(
            state_of(loaded, document_id=document_id, vector=vector),
            content_type="application/octet-stream",
            headers={"ETag": etag, "X-Document-Seq": str(loaded.seq)},
        )


def _state_vector(request: Request) -> bytes | None:
    """Read the query's vector. Raises ``InvalidInputError``."""
    text = request.query_params.get("state_vector")
    if not text:
        return None
    vector = base64.decode(text)
    decode_vector(vector)
    return vector
