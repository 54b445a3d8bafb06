"""Uvicorn with backpressure and our close codes, on uvloop where it is installed (ADR 0010)."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.module_loading import import_string
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode
from websockets.protocol import State
from websockets.server import ServerProtocol

from apps.collab.close_codes import TOO_LARGE, close_with
from apps.collab.runtime import get_runtime
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

#: Connections that may wait to be accepted.
_BACKLOG = 2048
#: How long input after a broken frame is read and dropped, in seconds. A socket that is closed with
#: unread input resets the connection, and the client never reads the close frame.
_BROKEN_WAIT_S = 1.0
#: How long requests may take once the server is told to stop, in seconds.
_REQUESTS_WAIT_S = 2
#: The first byte of a whole binary message, and the markers of a length of two or eight bytes.
_BINARY, _TWO, _EIGHT = 0x82, 126, 127


class _Frames(ServerProtocol):
    """The frames of one socket. A frame over the limit gets our close code."""

    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        """Close the connection for an error of the client."""
        if code == CloseCode.MESSAGE_TOO_BIG:
            code, reason = close_with(TOO_LARGE)
        super().fail(code, reason)


class DocumentProtocol(WebSocketsSansIOProtocol):
    """A socket that reads many messages at once and writes them directly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = _Frames(max_size=self.config.ws_max_size, logger=self.conn.logger)
        self.close_timeout = CLOSE_WAIT_S
        #: Received and not decoded yet.
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        """Decode received bytes until enough frames wait; ignore what follows a broken frame."""
        if self.conn.parser_exc is None:
            self._unread += data
            self._decode()

    def _decode(self) -> None:
        while self._unread and not self.read_paused and self.conn.parser_exc is None:
            piece, self._unread = self._unread[:READ_BYTES], self._unread[READ_BYTES:]
            super().data_received(piece)

    async def receive(self) -> Any:
        """Return the next message; resume reading once all waiting frames are handled."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self._decode()
            if not self.read_paused:
                self.transport.resume_reading()
        return message

    def send_receive_event_to_app(self) -> None:
        """Pass a message to the application; pause reading when many wait, not for each one."""
        data, self.frames = b"".join(self.frames), []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "bytes":
            self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        else:  # refused by the application
            text = data.decode(errors="replace")
            self.queue.put_nowait({"type": "websocket.receive", "text": text})
        waits = self.queue.qsize() >= WAITING_FRAMES or len(data) > LARGE_BYTES
        if waits and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def handle_parser_exception(self) -> None:
        """Send the close frame, and leave the client time to read it."""
        close = self.conn.close_sent
        code = close.code if close else CloseCode.ABNORMAL_CLOSURE
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(_BROKEN_WAIT_S, self.transport.close)

    async def send(self, message: Any) -> None:
        """Send a message of the application, at the pace at which the client reads."""
        data = message.get("bytes")
        if data is None or self.conn.state is not State.OPEN or self.close_sent:
            await super().send(message)
            if self.close_sent:
                self._decode()  # the client's close frame may be there already
            return
        if not self.writable.is_set():
            await self.writable.wait()
        if not self.disconnected:
            self.transport.writelines((_head(len(data)), data))


def _head(length: int) -> bytes:
    """Return the header of a whole binary message (RFC 6455, 5.2)."""
    if length < _TWO:
        return bytes((_BINARY, length))
    if length < 1 << 16:
        return bytes((_BINARY, _TWO)) + length.to_bytes(2, "big")
    return bytes((_BINARY, _EIGHT)) + length.to_bytes(8, "big")


class DocumentServer(uvicorn.Server):
    """The web server of one process."""

    async def startup(self, sockets: Any = None) -> None:
        """Open what the first client would wait for, and then let clients in."""
        await get_runtime()
        # PostgreSQL may be away: then who comes is told so, until it is there.
        with contextlib.suppress(DatabaseError):
            await database_sync_to_async(connection.ensure_connection)()
        await super().startup(sockets)

    async def shutdown(self, sockets: Any = None) -> None:
        """Let nobody in, finish what is in flight, and only then cut the sockets."""
        for server in self.servers:
            server.close()
        await finish()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop in order at SIGTERM and SIGINT, with exit code 0."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)


def serve(*, bind: str, port: int) -> None:
    """Serve pages, REST and sockets until the process is told to stop.

    Raises ``StartRefusedError`` where the address cannot be listened on.
    """
    listener = _listener(bind, port)
    config = uvicorn.Config(
        import_string(settings.ASGI_APPLICATION),
        loop="auto",
        # Not httptools: h11 bounds what a client may send as headers.
        http="h11",
        ws=DocumentProtocol,
        ws_max_size=read_limit_bytes(),
        ws_ping_interval=PING_S,
        ws_ping_timeout=PONG_WAIT_S,
        lifespan="off",
        log_config=None,
        # Lower levels log each socket with its whole URL, which may hold a token.
        log_level="warning",
        access_log=False,
        # The settings name the trusted gateways (``TRUSTED_PROXIES``).
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_REQUESTS_WAIT_S,
    )
    config.load()
    # Everything loaded so far stays for the life of the process: freeze it, so that no collection
    # scans it. The last collection then counts few objects, so the next ones come early: a closed
    # socket leaves reference cycles.
    gc.collect()
    gc.freeze()
    gc.collect()
    DocumentServer(config).run(sockets=[listener])


def _listener(bind: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    try:
        return socket.create_server((bind, port), family=family, backlog=_BACKLOG)
    except OSError as err:
        raise StartRefusedError(
            f"Cannot listen on {bind}:{port}: {err.strerror}. End what listens there, or choose "
            "another --port."
        ) from err
