"""Whether the caller of a request is still there."""

import asyncio
from threading import Event
from typing import Any

from apps.core.caller import CallerPresence, caller_gone


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
