"""Uvicorn, with what an open socket needs beside it; on uvloop where there is one (ADR 0010)."""

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

from apps.collab.close_codes import TOO_LARGE
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

#: Clients that wait to be let in.
_BACKLOG = 2048
#: How long what comes behind a broken frame is thrown away, so that the client hears why, in
#: seconds: a socket that is closed with something unread in it takes the close frame along.
_BROKEN_WAIT_S = 1.0
#: How long requests may take once the server is told to stop, in seconds.
_REQUESTS_WAIT_S = 2
#: The first byte of a whole binary message, and what stands for a length of two or eight bytes.
_BINARY, _TWO, _EIGHT = 0x82, 126, 127


class _Frames(ServerProtocol):
    """The frames of one socket: one that is too large gets our close code."""

    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        """Close for what a client did wrong."""
        if code == CloseCode.MESSAGE_TOO_BIG:
            code, reason = TOO_LARGE, ""
        super().fail(code, reason)


class DocumentProtocol(WebSocketsSansIOProtocol):
    """A socket of which many messages are read at once, and written without a detour."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = _Frames(max_size=self.config.ws_max_size, logger=self.conn.logger)
        self.close_timeout = CLOSE_WAIT_S
        #: What has come, and was not decoded yet.
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        """Decode what has come, until enough of it waits; nothing behind a frame that is none."""
        if self.conn.parser_exc is None:
            self._unread += data
            self._decode()

    def _decode(self) -> None:
        while self._unread and not self.read_paused and self.conn.parser_exc is None:
            piece, self._unread = self._unread[:READ_BYTES], self._unread[READ_BYTES:]
            super().data_received(piece)

    async def receive(self) -> Any:
        """Return the next message; read on once all that waited is handled."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self._decode()
            if not self.read_paused:
                self.transport.resume_reading()
        return message

    def send_receive_event_to_app(self) -> None:
        """Hand a message on. Reading stops when many wait, not for each one."""
        data, self.frames = b"".join(self.frames), []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "bytes":
            self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        else:  # which the application refuses, whatever it says
            text = data.decode(errors="replace")
            self.queue.put_nowait({"type": "websocket.receive", "text": text})
        waits = self.queue.qsize() >= WAITING_FRAMES or len(data) > LARGE_BYTES
        if waits and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def handle_parser_exception(self) -> None:
        """Say what is wrong, and leave the client time to hear it."""
        close = self.conn.close_sent
        code = close.code if close else CloseCode.ABNORMAL_CLOSURE
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(_BROKEN_WAIT_S, self.transport.close)

    async def send(self, message: Any) -> None:
        """Send what the application says, at the pace at which the client reads."""
        data = message.get("bytes")
        if data is None or self.conn.state is not State.OPEN or self.close_sent:
            await super().send(message)
            if self.close_sent:
                self._decode()  # the client's answer may be there already
            return
        if not self.writable.is_set():
            await self.writable.wait()
        if not self.disconnected:
            self.transport.writelines((_head(len(data)), data))


def _head(length: int) -> bytes:
    """Return what stands before the content of a whole binary message (RFC 6455, 5.2)."""
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
        """Stop in order at SIGTERM and SIGINT, and end well: it was asked for."""
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
        # It tells of each socket with its whole address, in which there may be a token.
        log_level="warning",
        access_log=False,
        # Who is believed to be a gateway, the settings say (``TRUSTED_PROXIES``).
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_REQUESTS_WAIT_S,
    )
    config.load()
    # What is there now stays: no collection has to look at it again. The last one finds the rest
    # to be little, and so the next ones come early: a socket that was closed leaves cycles behind.
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
