"""Binary responses: Yjs updates, with an ``ETag`` of their seq."""

from django.http import HttpResponse, HttpResponseNotModified
from drf_spectacular.types import OpenApiTypes
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

MEDIA_TYPE = "application/octet-stream"
#: For OpenAPI.
BYTES = {(200, MEDIA_TYPE): OpenApiTypes.BINARY}


class AnyContentNegotiation(DefaultContentNegotiation):
    """Ignore ``Accept``: the response is bytes, an error is JSON."""

    def select_renderer(self, request, renderers, format_suffix=None):  # type: ignore[no-untyped-def]
        """Return JSON, which renders only errors."""
        return JSONRenderer(), JSONRenderer.media_type


def etag_of(lineage: str, seq: int) -> str:
    """Return the ``ETag`` of a document's content after an operation."""
    return f'"{lineage}-{seq}"'


def not_modified(request: Request, etag: str) -> HttpResponseNotModified | None:
    """Return 304 where the caller has this content."""
    if etag in request.headers.get("If-None-Match", ""):
        return HttpResponseNotModified(headers={"ETag": etag})
    return None


def bytes_response(content: bytes, *, etag: str, seq: int) -> HttpResponse:
    """Return a Yjs update; ``X-Document-Seq`` has its seq."""
    headers = {"ETag": etag, "X-Document-Seq": str(seq)}
    return HttpResponse(content, content_type=MEDIA_TYPE, headers=headers)
