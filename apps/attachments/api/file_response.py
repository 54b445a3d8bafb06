"""The response with a file's bytes: streamed, in part or whole, and harmless in a browser."""

from collections.abc import AsyncIterator
from typing import Final

from asgiref.sync import sync_to_async
from django.http import HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.http.response import StreamingHttpResponse
from django.utils.http import content_disposition_header
from rest_framework.request import Request

from apps.attachments.api.ranges import Span, range_read
from apps.attachments.selectors import StoredAttachment, Variant, variant_open
from apps.attachments.storage import CHUNK_BYTES, Reader
from apps.core.api.binary import not_modified

#: Up to this many bytes are sent in one piece.
_WHOLE_BYTES: Final = 1024 * 1024
#: What keeps a file from being more than a file: nothing of it runs, or loads anything.
_SAFETY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def file_response(
    request: Request, attachment: StoredAttachment, variant: Variant
) -> HttpResponseBase:
    """Return a file's bytes, or the range that the request names; 304 where the caller has them.

    Raises ``RangeNotSatisfiableError``, ``AttachmentLostError``, ``FilesAwayError``.
    """
    unchanged = not_modified(request, variant.etag)
    if unchanged is not None:
        return _headed(unchanged, attachment, variant)
    span = range_read(
        request.headers.get("Range", ""),
        size=variant.size,
        if_range=request.headers.get("If-Range", ""),
        etag=variant.etag,
    )
    response = _body(request, attachment, variant, span or Span(0, variant.size))
    if span is not None:
        response.status_code = 206
        last = span.start + span.length - 1
        response["Content-Range"] = f"bytes {span.start}-{last}/{variant.size}"
    return _headed(response, attachment, variant)


def _body(
    request: Request, attachment: StoredAttachment, variant: Variant, span: Span
) -> HttpResponseBase:
    headers = {"Content-Length": str(span.length)}
    if request.method == "HEAD":
        return HttpResponse(content_type=variant.content_type, headers=headers)
    reader = variant_open(attachment, variant, start=span.start)
    if span.length > _WHOLE_BYTES:
        return StreamingHttpResponse(
            _chunks(reader, span.length), content_type=variant.content_type, headers=headers
        )
    try:
        content = _read(reader, span.length)
    finally:
        reader.close()
    return HttpResponse(content, content_type=variant.content_type, headers=headers)


def _read(reader: Reader, length: int) -> bytes:
    content = bytearray()
    while len(content) < length and (chunk := reader.read(length - len(content))):
        content += chunk
    return bytes(content)


async def _chunks(reader: Reader, length: int) -> AsyncIterator[bytes]:
    """Yield ``length`` bytes; each read runs in a thread, no faster than the caller takes them."""
    read = sync_to_async(reader.read, thread_sensitive=False)
    try:
        while length > 0 and (chunk := await read(min(CHUNK_BYTES, length))):
            length -= len(chunk)
            yield chunk
    finally:
        reader.close()


def _headed(
    response: HttpResponseBase, attachment: StoredAttachment, variant: Variant
) -> HttpResponseBase:
    response["ETag"] = variant.etag
    for name, value in _SAFETY.items():
        response[name] = value
    # A browser asks each time, so that nobody sees a file whose right was taken away.
    response["Cache-Control"] = "private, no-cache"
    if not isinstance(response, HttpResponseNotModified):
        response["Accept-Ranges"] = "bytes"
        disposition = content_disposition_header(not attachment.is_inline, attachment.name)
        response["Content-Disposition"] = disposition or "inline"
    return response
