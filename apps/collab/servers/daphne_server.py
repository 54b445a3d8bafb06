"""Daphne, with what an open socket needs beside it.

Also that 1013 can be sent at all, and that an opening socket is answered headers.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from django.utils.module_loading import import_string
from twisted.internet import defer
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from apps.collab.close_codes import TOO_LARGE
from apps.collab.servers import (
    CLOSE_WAIT_S,
    LARGE_BYTES,
    PING_S,
    PONG_WAIT_S,
    READ_BYTES,
    WAITING_FRAMES,
    finish,
    read_limit_bytes,
)
from apps.core.startup import StartRefusedError

#: How often it is looked whether what waited of a socket is handled, in seconds.
_LOOK_S = 0.005


@implementer(IPushProducer)
class DocumentProtocol(WebSocketProtocol):  # type: ignore[misc]
    """A socket that knows whether its client reads."""

    _drained: asyncio.Event | None = None
    #: What the answer to the handshake says beside what it has to.
    answer_headers: Sequence[tuple[bytes, bytes]] = ()
    #: Whether the socket is not read from.
    _is_held_up = False

    def onOpen(self) -> None:  # noqa: N802 - autobahn's name
        """Ask the transport to say when its buffer is full and when it is empty."""
        super().onOpen()
        self._drained = asyncio.Event()
        self._drained.set()
        self.transport.unregisterProducer()
        self.transport.registerProducer(self, streaming=True)
        self.transport.bufferSize = READ_BYTES

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803, FBT001
        """Hand a frame on, and read no more while too much waits: the client's network holds it."""
        super().onMessage(payload, isBinary)
        if self._waiting() > WAITING_FRAMES or len(payload) > LARGE_BYTES:
            self._read_later()

    def _read_later(self) -> None:
        if not self._is_held_up:
            self._is_held_up = True
            self.transport.pauseProducing()
            asyncio.get_running_loop().call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        """Read on once all that waited is handled; else look again."""
        if self._waiting() and self.connected:
            asyncio.get_running_loop().call_later(_LOOK_S, self._look)
            return
        self._is_held_up = False
        if self.connected:
            self.transport.resumeProducing()

    def _waiting(self) -> int:
        queue: asyncio.Queue[Any] = self.application_queue
        return queue.qsize()

    def pauseProducing(self) -> None:  # noqa: N802 - twisted's name
        """Take note that the client does not read as fast as it is sent to."""
        if self._drained is not None:
            self._drained.clear()

    def resumeProducing(self) -> None:  # noqa: N802 - twisted's name
        """Take note that the buffer is empty again."""
        if self._drained is not None:
            self._drained.set()

    def stopProducing(self) -> None:  # noqa: N802 - twisted's name
        """Let go whoever waits: the connection is gone."""
        self.resumeProducing()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803, FBT001
        """Let go whoever waits, then tell the application."""
        self.resumeProducing()
        super().onClose(wasClean, code, reason)

    async def wait_drained(self) -> None:
        """Wait while the client does not read."""
        if self._drained is not None and not self._drained.is_set():
            await self._drained.wait()

    def serverAccept(self, subprotocol: str | None = None) -> None:  # noqa: N802 - daphne's name
        """Open the socket, with ``answer_headers``, of which daphne knows nothing."""
        headers = {name.decode(): value.decode() for name, value in self.answer_headers}
        self.handshake_deferred.callback((subprotocol, headers))
        del self.handshake_deferred

    def serverSend(self, content: Any, binary: bool = False) -> None:  # noqa: N802, FBT001, FBT002
        """Send a frame of any size: the limit is for what comes in, a document may be larger."""
        limit: int = self.maxMessagePayloadSize
        self.maxMessagePayloadSize: int = 0
        try:
            super().serverSend(content, binary)
        finally:
            self.maxMessagePayloadSize = limit

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802 - daphne's name
        """Send a close frame with any code: ``sendClose`` refuses 1013, which a server may send."""
        self.sendCloseFrame(code=1000 if code is None else code)

    def _max_message_size_exceeded(self, *args: Any, **kwargs: Any) -> None:
        """Answer a frame over the limit with our close code, and read no more of it."""
        self.sendClose(code=TOO_LARGE)
        self.failedByMe = True


class DocumentServer(Server):  # type: ignore[misc]
    """The web server of one process."""

    #: Why it cannot listen, once that has failed.
    cannot_listen = ""

    def listen_error(self, failure: Any) -> None:
        """End; ``serve`` says why, and with which exit code."""
        self.cannot_listen = failure.getErrorMessage()
        self.stop()

    def use_document_sockets(self) -> None:
        """Make sockets of our kind; called when the factory exists and nobody is let in yet."""
        self.ws_factory.protocol = DocumentProtocol
        self.ws_factory.closeHandshakeTimeout = CLOSE_WAIT_S

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Pass on what the application sends, at the pace at which the client reads."""
        if message["type"] == "websocket.accept":
            protocol.answer_headers = message.get("headers", ())
        await super().handle_reply(protocol, message)
        if isinstance(protocol, DocumentProtocol):
            await protocol.wait_drained()

    def kill_all_applications(self) -> Any:
        """Finish what is in flight before the sockets are cut."""
        done = defer.Deferred.fromFuture(asyncio.ensure_future(finish()))
        return done.addBoth(lambda _: super(DocumentServer, self).kill_all_applications())


def serve(*, bind: str, port: int) -> None:
    """Serve pages, REST and sockets until the process is told to stop.

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
