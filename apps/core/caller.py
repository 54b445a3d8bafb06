"""Whether the caller of a request is still there.

Django runs a view in a thread, which goes on when the caller has hung up. This ASGI application
sets an event that long work looks at.
"""

from contextvars import ContextVar
from threading import Event
from typing import Any

#: Set as soon as the caller of the present request has hung up; None outside of a request.
caller_gone: ContextVar[Event | None] = ContextVar("caller_gone", default=None)


class CallerPresence:
    """Passes HTTP requests on, and watches for ``http.disconnect``."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one request."""
        gone = Event()
        caller_gone.set(gone)  # each request is a task with a context of its own

        async def watched_receive() -> dict[str, Any]:
            message: dict[str, Any] = await receive()
            if message["type"] == "http.disconnect":
                gone.set()
            return message

        await self._application(scope, watched_receive, send)
