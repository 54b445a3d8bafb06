"""Daphne with backpressure, any close code, and headers in the answer to the handshake."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from django.utils.module_loading import import_string
from twisted.internet import defer
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from apps.collab.close_codes import TOO_LARGE, TRY_AGAIN, close_with
from apps.collab.servers import (
    CLOSE_WAIT_S,
    LARGE_BYTES,
    PING_S,
    PONG_WAIT_S,
    READ_BYTES,
    WAITING_FRAMES,
    finish,
    read_limit_bytes,
    socket_limits,
)
from apps.core.startup import StartRefusedError

#: Interval at which a paused socket is checked for waiting frames, in seconds.
_RESUME_CHECK_S = 0.005


@implementer(IPushProducer)
class DocumentProtocol(WebSocketProtocol):  # type: ignore[misc]
    """A socket with backpressure in both directions."""

    _drained: asyncio.Event | None = None
    #: Further headers of the answer to the handshake.
    answer_headers: Sequence[tuple[bytes, bytes]] = ()
    #: The reason of the close frame, set before ``serverClose``.
    close_reason = ""
    #: Whether the socket is not read from.
    _is_paused = False
    #: Pings of the present second.
    _second = _pings = 0

    def onOpen(self) -> None:  # noqa: N802 - autobahn's name
        """Register as a producer, to learn when the transport's buffer is full."""
        super().onOpen()
        self._drained = asyncio.Event()
        self._drained.set()
        self.transport.unregisterProducer()
        self.transport.registerProducer(self, streaming=True)
        self.transport.bufferSize = READ_BYTES

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803, FBT001
        """Pass a frame to the application; pause reading while too many frames wait."""
        super().onMessage(payload, isBinary)
        if self._waiting() > WAITING_FRAMES or len(payload) > LARGE_BYTES:
            self._pause_reading()

    def onPing(self, payload: bytes) -> None:  # noqa: N802 - autobahn's name
        """Answer a ping; end the connection at too many in a second."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._pings = second, 0
        self._pings += 1
        if self._pings <= socket_limits().control_frames_per_s:
            super().onPing(payload)
            return
        self.close_reason = "Too many frames in a second."
        self.serverClose(TRY_AGAIN)
        self.dropConnection(abort=False)

    def _pause_reading(self) -> None:
        if not self._is_paused:
            self._is_paused = True
            self.transport.pauseProducing()
            asyncio.get_running_loop().call_later(_RESUME_CHECK_S, self._resume_when_handled)

    def _resume_when_handled(self) -> None:
        """Resume reading once all waiting frames are handled."""
        if self._waiting() and self.connected:
            asyncio.get_running_loop().call_later(_RESUME_CHECK_S, self._resume_when_handled)
            return
        self._is_paused = False
        if self.connected:
            self.transport.resumeProducing()

    def _waiting(self) -> int:
        queue: asyncio.Queue[Any] = self.application_queue
        return queue.qsize()

    def pauseProducing(self) -> None:  # noqa: N802 - twisted's name
        """Record that the client reads more slowly than it is sent to."""
        if self._drained is not None:
            self._drained.clear()

    def resumeProducing(self) -> None:  # noqa: N802 - twisted's name
        """Record that the buffer is empty again."""
        if self._drained is not None:
            self._drained.set()

    def stopProducing(self) -> None:  # noqa: N802 - twisted's name
        """Release the waiting writer: the connection is closed."""
        self.resumeProducing()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803, FBT001
        """Release the waiting writer, then notify the application."""
        self.resumeProducing()
        super().onClose(wasClean, code, reason)

    async def wait_drained(self) -> None:
        """Wait while the client does not read."""
        if self._drained is not None and not self._drained.is_set():
            await self._drained.wait()

    def serverAccept(self, subprotocol: str | None = None) -> None:  # noqa: N802 - daphne's name
        """Accept the handshake with ``answer_headers``, which daphne does not support."""
        headers = {name.decode(): value.decode() for name, value in self.answer_headers}
        self.handshake_deferred.callback((subprotocol, headers))
        del self.handshake_deferred

    def serverSend(self, content: Any, binary: bool = False) -> None:  # noqa: N802, FBT001, FBT002
        """Send a frame of any size: the limit is for incoming frames."""
        limit: int = self.maxMessagePayloadSize
        self.maxMessagePayloadSize: int = 0
        try:
            super().serverSend(content, binary)
        finally:
            self.maxMessagePayloadSize = limit

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802 - daphne's name
        """Send a close frame with any code: ``sendClose`` refuses 1013, which a server may send."""
        code = 1000 if code is None else code
        self.sendCloseFrame(code=code, reasonUtf8=self.close_reason.encode() or None)

    def _max_message_size_exceeded(self, *args: Any, **kwargs: Any) -> None:
        """Close with our code for a frame over the limit, and stop reading it."""
        self.sendClose(*close_with(TOO_LARGE))
        self.failedByMe = True


class DocumentServer(Server):  # type: ignore[misc]
    """The web server of one process."""

    #: Why listening failed.
    cannot_listen = ""

    def listen_error(self, failure: Any) -> None:
        """Stop the server; ``serve`` reports the error."""
        self.cannot_listen = failure.getErrorMessage()
        self.stop()

    def use_document_sockets(self) -> None:
        """Use our protocol class. Called once the factory exists, before a connection."""
        self.ws_factory.protocol = DocumentProtocol
        self.ws_factory.closeHandshakeTimeout = CLOSE_WAIT_S

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send a message of the application, at the pace at which the client reads."""
        if message["type"] == "websocket.accept":
            protocol.answer_headers = message.get("headers", ())
        elif message["type"] == "websocket.close":  # daphne passes on the code alone
            protocol.close_reason = message.get("reason", "")
        await super().handle_reply(protocol, message)
        if isinstance(protocol, DocumentProtocol):
            await protocol.wait_drained()

    def kill_all_applications(self) -> Any:
        """Finish the commits in flight before the sockets are closed."""
        done = defer.Deferred.fromFuture(asyncio.ensure_future(finish()))
        return done.addBoth(lambda _: super(DocumentServer, self).kill_all_applications())


def serve(*, bind: str, port: int) -> None:
    """Serve pages, REST and sockets until the process gets a signal to stop.

    Raises ``StartRefusedError`` where the address cannot be listened on.
    """
    limit_bytes = read_limit_bytes()
    server = DocumentServer(
        application=import_string(settings.ASGI_APPLICATION),
        endpoints=[f"tcp:port={port}:interface={bind}"],
        websocket_max_message_size=limit_bytes,
        websocket_max_frame_size=limit_bytes,
        websocket_timeout=-1,
        ping_interval=PING_S,
        ping_timeout=PONG_WAIT_S,
        server_name="scriptorium",
    )
    server.ready_callable = server.use_document_sockets
    server.run()
    if server.cannot_listen:
        raise StartRefusedError(
            f"{server.cannot_listen.rstrip('.')}. End what listens there, or choose another --port."
        )
