"""Daphne, with what an open socket needs beside it.

Five things that the server as it is leaves open: a client that does not read must hold up its
sender (backpressure), a frame over the limit gets our close code, 1013 can be sent at all, an
opening socket is answered headers, and a stop finishes the commits in flight and tells every
session to come back.
"""

import asyncio
import logging
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
from apps.collab.limits import Limits
from apps.collab.runtime import close_runtime
from apps.core import tracing
from apps.oplog.publisher import close_shared_publisher

logger = logging.getLogger(__name__)

#: Bytes above the frame limit that the server reads, so that the limit's own close code is sent.
_SLACK_BYTES = 1024
#: How long a client has to read what is queued before a close frame and to answer it, in seconds;
#: after autobahn's own 1 s a slow reader would be cut off without learning why.
_CLOSE_WAIT_S = 10


@implementer(IPushProducer)
class DocumentProtocol(WebSocketProtocol):  # type: ignore[misc]
    """A socket that knows whether its client reads."""

    _drained: asyncio.Event | None = None
    #: What the answer to the handshake says beside what it has to.
    answer_headers: Sequence[tuple[bytes, bytes]] = ()

    def onOpen(self) -> None:  # noqa: N802 - autobahn's name
        """Ask the transport to say when its buffer is full and when it is empty."""
        super().onOpen()
        self._drained = asyncio.Event()
        self._drained.set()
        self.transport.unregisterProducer()
        self.transport.registerProducer(self, streaming=True)

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

    def use_document_sockets(self) -> None:
        """Make sockets of our kind; called when the factory exists and nobody is let in yet."""
        self.ws_factory.protocol = DocumentProtocol
        self.ws_factory.closeHandshakeTimeout = _CLOSE_WAIT_S

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Pass on what the application sends, at the pace at which the client reads."""
        if message["type"] == "websocket.accept":
            protocol.answer_headers = message.get("headers", ())
        await super().handle_reply(protocol, message)
        if isinstance(protocol, DocumentProtocol):
            await protocol.wait_drained()

    def kill_all_applications(self) -> Any:
        """Finish what is in flight before the sockets are cut."""
        done = defer.Deferred.fromFuture(asyncio.ensure_future(_finish()))
        return done.addBoth(lambda _: super(DocumentServer, self).kill_all_applications())


async def _finish() -> None:
    try:
        await close_runtime()
        await asyncio.to_thread(close_shared_publisher)
        await asyncio.to_thread(tracing.stop)
    except Exception:
        logger.exception("not everything was finished; the log has what was acknowledged")


def serve(*, bind: str, port: int) -> None:
    """Serve pages, REST and sockets until the process is told to stop."""
    limits = Limits(**settings.COLLAB_LIMITS)
    server = DocumentServer(
        application=import_string(settings.ASGI_APPLICATION),
        endpoints=[f"tcp:port={port}:interface={bind}"],
        websocket_max_message_size=limits.frame_bytes + _SLACK_BYTES,
        websocket_max_frame_size=limits.frame_bytes + _SLACK_BYTES,
        websocket_timeout=-1,
        server_name="scriptorium",
    )
    server.ready_callable = server.use_document_sockets
    server.run()
