"""A bound on request bodies, before Django reads them.

Django spools a body of any length to disk before a view or a middleware sees the request. This
ASGI application refuses a longer one with 413, on every path and for every caller. Paths of uploads
have a bound of their own, for callers who send credentials; whether these are valid, the view
decides.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from apps.core.sizes import size_text

#: Bytes beyond ``REST_BODY_BYTES`` that are read, so that the REST interface can answer itself.
BODY_SLACK_BYTES = 64 * 1024


class BodyLimit:
    """Passes HTTP requests on, up to ``REST_BODY_BYTES`` of body and the slack.

    ``uploads`` has the setting with the bound of each POST whose path matches a pattern.
    """

    def __init__(
        self, application: Any, *, uploads: Mapping[re.Pattern[str], str] | None = None
    ) -> None:
        self._application = application
        self._uploads = dict(uploads or {})

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one request. Other kinds of connections are passed on as they are."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        setting = self._setting(scope)
        limit_bytes = getattr(settings, setting) + BODY_SLACK_BYTES
        if _declared_bytes(scope) > limit_bytes:
            await _refuse(send, setting)
            return
        read_bytes, is_refused = 0, False

        async def bounded_receive() -> dict[str, Any]:
            nonlocal read_bytes, is_refused
            if is_refused:
                return {"type": "http.disconnect"}
            message: dict[str, Any] = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes <= limit_bytes:
                return message
            is_refused = True
            await _refuse(send, setting)
            return {"type": "http.disconnect"}  # Django drops the request

        await self._application(scope, bounded_receive, send)

    def _setting(self, scope: dict[str, Any]) -> str:
        """Return the name of the setting with the longest body of a request."""
        if scope["method"] == "POST" and _has_credentials(scope):
            for pattern, setting in self._uploads.items():
                if pattern.fullmatch(scope["path"]):
                    return setting
        return "REST_BODY_BYTES"


def _has_credentials(scope: dict[str, Any]) -> bool:
    return any(name in (b"authorization", b"cookie") for name, _ in scope["headers"])


def _declared_bytes(scope: dict[str, Any]) -> int:
    """Return ``Content-Length``, 0 where there is none: then the bytes are counted."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


async def _refuse(send: Any, setting: str) -> None:
    """Answer 413 in the one shape of errors, and close the connection."""
    limit_bytes = getattr(settings, setting)
    body = json.dumps(
        {
            "code": "limit_exceeded",
            "detail": f"A request has a body of at most {size_text(limit_bytes)}.",
            "extra": {"limit": setting, "value": limit_bytes},
        }
    ).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
