"""One name for each request and each socket, by which its lines in the logs are found.

The gateway gives it (``X-Request-ID``), so that its own log has the same; without one it is made
here. It decides nothing, and is answered in the same header.
"""

import re
import uuid
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

HEADER = b"x-request-id"
#: What is taken from outside: nothing that could break a line, or fill a log.
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{1,64}")
#: That of the request or socket in whose name something is done just now.
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_id_find() -> str | None:
    """Return the id of the request or socket that this is done for, None where it is for none."""
    return _current.get()


class RequestIds:
    """The outermost ASGI application: names whatever comes in, and hands it on."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one connection; each runs in a task, and so in a context, of its own."""
        name = _given(scope.get("headers", ())) or uuid.uuid4().hex
        _current.set(name)
        # The frames of a socket do not come by here: its consumer answers the header.
        answer = _named(send, name) if scope["type"] == "http" else send
        await self._application(scope, receive, answer)


def request_id_headers() -> list[tuple[bytes, bytes]]:
    """Return the header that answers the present request or socket."""
    name = request_id_find()
    return [] if name is None else [(HEADER, name.encode())]


def _named(send: Any, name: str) -> Any:
    async def answer(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (HEADER, name.encode())]}
        await send(message)

    return answer


def _given(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the id that came along; None for none, for one of another form, and for several."""
    [found, *more] = [value for name, value in headers if name == HEADER] or [b""]
    return found.decode() if not more and _WELL_FORMED.fullmatch(found) else None
