"""HTTP connections of uvicorn, bounded in the time that a request takes to arrive.

While people write, new requests wait for turns (``apps.collab.fair_turns``), behind each other.
"""

import asyncio

import h11
from django.conf import settings
from uvicorn.protocols.http.h11_impl import H11Protocol

from apps.collab.fair_turns import get_fair_turns

#: Bytes of a request that give its client one second more than ``REQUEST_WAIT_S``.
REQUEST_BYTES_PER_S = 8 * 1024
#: Processor time for the admission of a socket, in seconds: its rights, its session, its end.
OPENING_S = 0.002
#: Bytes that are read of a request before its turn.
UNPARSED_BYTES = 64 * 1024


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
        self._turns = get_fair_turns()
        #: The beginning of a request that waits for its turn.
        self._unparsed = b""
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the watch; forget a request that waits."""
        self._end_watch()
        self._unparsed = b""
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """End the watch: the socket has pings of its own."""
        self._end_watch()
        if self._turns.is_shared:
            self._turns.charge(OPENING_S)
        super().handle_websocket_upgrade(event)

    def data_received(self, data: bytes) -> None:
        """Count what has come of the request; a new one waits for its turn where people write."""
        self._request_bytes += len(data)
        if self._unparsed:
            self._unparsed += data
            if len(self._unparsed) > UNPARSED_BYTES:
                self.flow.pause_reading()
        elif self.conn.their_state is h11.IDLE and self._turns.is_shared:
            self._unparsed = data
            self._turns.call(self._parse)
        else:
            super().data_received(data)

    def _parse(self) -> None:
        """Parse what has waited for its turn."""
        data, self._unparsed = self._unparsed, b""
        if data:
            self.flow.resume_reading()
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
