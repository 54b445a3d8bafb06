"""HTTP connections of uvicorn with a bound on the time that a request takes to arrive."""

import asyncio

import h11
from django.conf import settings
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Bytes of a request that give its client one second more than ``REQUEST_WAIT_S``.
REQUEST_BYTES_PER_S = 8 * 1024


class BoundedRequests(H11Protocol):
    """An HTTP connection that ends when a request does not arrive in time.

    Behind the gateway nginx does this; without a gateway nothing else would.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch the connection."""
        super().connection_made(transport)
        self._request_at = self.loop.time()
        self._request_bytes = 0
        self._watch: asyncio.TimerHandle | None = None
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the watch."""
        self._end_watch()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """End the watch: the socket has pings of its own."""
        self._end_watch()
        super().handle_websocket_upgrade(event)

    def data_received(self, data: bytes) -> None:
        """Count what has come of the request."""
        self._request_bytes += len(data)
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Give the next request its own time."""
        self._request_at, self._request_bytes = self.loop.time(), 0
        super().on_response_complete()

    def _look(self) -> None:
        """Drop the connection when a request is late; an answer may take its time."""
        self._watch = self.loop.call_later(settings.REQUEST_WAIT_S / 4, self._look)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._request_at, self._request_bytes = self.loop.time(), 0
            return
        allowed_s = settings.REQUEST_WAIT_S + self._request_bytes / REQUEST_BYTES_PER_S
        if self.loop.time() - self._request_at > allowed_s:
            self.transport.abort()

    def _end_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
