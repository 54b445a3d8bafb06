"""Request ids: one for each request and each socket, to find its lines in the logs.

The gateway sets ``X-Request-ID``, so that its own log has the same id; a request without one gets a
new id here. Nothing depends on it. The response has the same header.
"""

import re
import uuid
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

HEADER = b"x-request-id"
#: Ids that are accepted from outside: none that could break a line, or fill a log.
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{1,64}")
#: The id of the present request or socket.
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_id_find() -> str | None:
    """Return the id of the present request or socket, None outside of one."""
    return _current.get()


class RequestIds:
    """The outermost ASGI application: sets the request id, then calls the next application."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one connection; each runs in a task, and so in a context, of its own."""
        request_id = _request_id_of(scope.get("headers", ())) or uuid.uuid4().hex
        _current.set(request_id)
        # A socket's responses do not pass here: its consumer sends the header.
        answer = _with_request_id(send, request_id) if scope["type"] == "http" else send
        await self._application(scope, receive, answer)


def request_id_headers() -> list[tuple[bytes, bytes]]:
    """Return the response header of the present request or socket."""
    request_id = request_id_find()
    return [] if request_id is None else [(HEADER, request_id.encode())]


def _with_request_id(send: Any, request_id: str) -> Any:
    async def answer(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (HEADER, request_id.encode())]}
        await send(message)

    return answer


def _request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the id in the headers; None for none, for a malformed one, and for several."""
    [found, *more] = [value for name, value in headers if name == HEADER] or [b""]
    return found.decode() if not more and _WELL_FORMED.fullmatch(found) else None
