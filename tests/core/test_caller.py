"""Whether the caller of a request is still there."""

import asyncio
from threading import Event
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from pytest_django import Settings

from apps.core.caller import CallerPresence, caller_gone
from tests.core import waiting_urls
from tests.core.waiting_urls import PATIENCE_S


def test_disconnect_sets_the_event_of_its_request_alone() -> None:
    """Each request has its own."""
    seen: list[Event | None] = []

    async def application(_scope: Any, receive: Any, _send: Any) -> None:
        await receive()
        seen.append(caller_gone.get())

    async def serve(kind: str) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": kind}

        await CallerPresence(application)({"type": "http"}, receive, None)

    async def both() -> None:
        await asyncio.gather(serve("http.disconnect"), serve("http.request"))

    asyncio.run(both())
    gone, present = seen
    assert gone is not None
    assert gone.is_set()
    assert present is not None
    assert not present.is_set()
    assert caller_gone.get() is None


def test_view_in_its_thread_sees_that_the_caller_has_hung_up(settings: Settings) -> None:
    """Through Django's own handler, which watches the connection while a view works."""
    settings.ROOT_URLCONF = "tests.core.waiting_urls"
    settings.MIDDLEWARE = []

    async def call() -> None:
        began = False

        async def receive() -> dict[str, Any]:
            nonlocal began
            if not began:
                began = True
                return {"type": "http.request", "body": b"", "more_body": False}
            first = await asyncio.to_thread(waiting_urls.events.get, timeout=PATIENCE_S)
            assert first == "began"
            return {"type": "http.disconnect"}

        async def send(_message: Any) -> None:
            """Drop the answer: nobody is there."""

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/waiting/",
            "headers": [(b"host", b"localhost")],
            "query_string": b"",
        }
        await CallerPresence(ASGIHandler())(scope, receive, send)

    asyncio.run(call())
    assert waiting_urls.events.get(timeout=PATIENCE_S) is True
