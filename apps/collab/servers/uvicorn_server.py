"""Uvicorn with backpressure and our close codes, on uvloop where it is installed (ADR 0010)."""

import asyncio
import contextlib
import gc
import math
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.module_loading import import_string
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import ProtocolError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from apps.collab.close_codes import TOO_LARGE, TRY_AGAIN, close_with
from apps.collab.fair_turns import get_fair_turns
from apps.collab.runtime import get_runtime
from apps.collab.servers import (
    CLOSE_WAIT_S,
    LARGE_BYTES,
    LARGE_PIECE_BYTES,
    PIECE_BYTES,
    PING_S,
    PONG_WAIT_S,
    READ_BYTES,
    TURN_BYTES,
    TURN_FRAMES,
    UNSHARED_TURN_FRAMES,
    WAITING_FRAMES,
    finish,
    read_limit_bytes,
    socket_limits,
)
from apps.collab.servers.bounded_requests import BoundedRequests
from apps.collab.servers.connection_receiver import ConnectionReceiver
from apps.core.startup import StartRefusedError

#: Connections that may wait to be accepted.
_BACKLOG = 2048
#: How long after our close frame input is read and dropped, in seconds. A socket that is closed
#: with unread input resets the connection, and the client never reads the close frame.
_CLOSING_S = 0.8
#: How long a socket that had more to decode than is decoded at once waits for turns, in seconds.
_HAD_MORE_S = 0.2
_CONTROL = frozenset((Opcode.PING, Opcode.PONG, Opcode.CLOSE))
#: Time that requests have to finish after the signal to stop, in seconds.
_REQUESTS_WAIT_S = 2
#: Interval at which the time in the headers of answers is renewed, in seconds.
TICK_S = 1.0
#: The first byte of a whole binary message, and the markers of a length of two or eight bytes.
_BINARY, _TWO, _EIGHT = 0x82, 126, 127


class _Frames(ServerProtocol):
    """The frames of one socket, of every opcode, counted before anything is done with them.

    A frame over the size limit, and one too many in a second, get our close codes.
    """

    # Beside the attributes of the library: a dictionary of more than 30 is twice as large.
    __slots__ = (
        "_control_frames",
        "_data_frames",
        "_is_too_fast",
        "_limits",
        "_second",
        "received",
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._limits = socket_limits()
        self._second = 0
        self._data_frames = 0
        self._control_frames = 0
        self._is_too_fast = False
        #: Frames received since the socket was opened.
        self.received = 0

    def recv_frame(self, frame: Frame) -> None:
        """Count a frame, then process it. Raises ``ProtocolError`` for one too many."""
        self.received += 1
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._data_frames, self._control_frames = second, 0, 0
        if frame.opcode in _CONTROL:
            self._control_frames += 1
        else:
            self._data_frames += 1
        if (
            self._control_frames > self._limits.control_frames_per_s
            or self._data_frames > self._limits.frames_per_s
        ):
            self._is_too_fast = True
            raise ProtocolError("too many frames in a second")
        super().recv_frame(frame)

    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        """Close the connection for an error of the client."""
        if self._is_too_fast:
            code, reason = close_with(TRY_AGAIN, "Too many frames in a second.")
        elif code == CloseCode.MESSAGE_TOO_BIG:
            code, reason = close_with(TOO_LARGE)
        super().fail(code, reason)


class DocumentProtocol(WebSocketsSansIOProtocol):
    """A socket that reads many messages at once and writes them directly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frames = _Frames(max_size=self.config.ws_max_size, logger=self.conn.logger)
        self.conn = self._frames
        #: Received, and decoded up to ``_decoded``.
        self._unread = b""
        self._decoded = 0
        #: Whether no frame ended in the bytes decoded last: they were within a large one.
        self._is_within = False
        self._turns = get_fair_turns()
        self._waits_for_turn = False
        #: When it last had more to decode than is decoded at once, by the loop's clock.
        self._had_more_at = -math.inf
        #: Bytes that may still be decoded after our close frame: the client's own close frame.
        self._closing_bytes = READ_BYTES
        self._abort: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what was not decoded."""
        self._unread = b""
        if self._abort is not None:
            self._abort.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Decode received bytes until enough frames wait; ignore what follows a broken frame.

        After our close frame only the client's is looked for; the rest is read and dropped.
        """
        if self.conn.parser_exc is not None:
            return
        if self.close_sent:
            data = data[: self._closing_bytes]
            self._closing_bytes -= len(data)
        if self._has_more or self.read_paused:
            self._unread = self._unread[self._decoded :] + data
        elif len(data) <= PIECE_BYTES and self._had_more_at < 0:
            super().data_received(data)  # what people type
            return
        else:
            self._unread = data
        self._decoded = 0
        if self._waits_for_turn:
            return
        if self.loop.time() < self._had_more_at + _HAD_MORE_S:
            self._wait_for_turn()
        else:
            self._decode()

    def _wait_for_turn(self) -> None:
        """Decode the rest when it is this socket's turn; read no more of it until then."""
        self._waits_for_turn = True
        self._had_more_at = self.loop.time()
        self.transport.pause_reading()
        self._turns.call(self._decode)

    def _decode(self) -> None:
        """Decode in pieces, as much as one turn has."""
        self._waits_for_turn = False
        if self.loop.time() > self._had_more_at + _HAD_MORE_S:
            self._had_more_at = -math.inf
        if self.disconnected:
            return
        frames, begin = self._frames.received, self._decoded
        is_shared = self._turns.is_shared
        most_frames = TURN_FRAMES if is_shared else UNSHARED_TURN_FRAMES
        piece_bytes = PIECE_BYTES if is_shared else READ_BYTES
        while not self.read_paused and self.conn.parser_exc is None and self._has_more:
            before = self._frames.received
            if before - frames >= most_frames or self._decoded - begin >= TURN_BYTES:
                self._wait_for_turn()
                return
            size_bytes = LARGE_PIECE_BYTES if self._is_within else piece_bytes
            piece = self._unread[self._decoded : self._decoded + size_bytes]
            self._decoded += len(piece)
            super().data_received(piece)
            self._is_within = self._frames.received == before
        if not self._has_more:
            self._unread, self._decoded = b"", 0
        if not self.read_paused:
            self.transport.resume_reading()

    @property
    def _has_more(self) -> bool:
        return self._decoded < len(self._unread)

    async def receive(self) -> Any:
        """Return the next message; resume reading once all waiting frames are handled."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            if self._has_more and not self._waits_for_turn:
                self._wait_for_turn()
            elif not self._waits_for_turn:
                self._decode()
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
        self._unread = b""
        self._end_soon()

    def _end_soon(self) -> None:
        """Close the connection within ``_CLOSING_S``; drop it where the client does not read."""
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(_CLOSING_S, self._end)

    def _end(self) -> None:
        self._abort = self.loop.call_later(CLOSE_WAIT_S, self.transport.abort)
        self.transport.close()

    async def send(self, message: Any) -> None:
        """Send a message of the application, at the pace at which the client reads.

        Raises ``ClientDisconnected`` after the close frame, which a broken frame of the client may
        have caused while the application handles the ones before it.
        """
        if self.close_sent:
            raise ClientDisconnected
        data = message.get("bytes")
        if data is None or self.conn.state is not State.OPEN or self.close_sent:
            await super().send(message)
            if message["type"] == "websocket.accept":
                # The parser's frame keeps both as long as the socket is open: 2.5 KiB.
                self.request.headers.clear()
                self.response.headers.clear()
            if self.close_sent and self.close_timer is not None:
                self._end_soon()
                self._unread = self._unread[self._decoded :][: self._closing_bytes]
                self._decoded = 0
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

    def __init__(self, config: uvicorn.Config, connections_from: Path | None = None) -> None:
        """``connections_from``: a Unix socket from which it receives connections too."""
        super().__init__(config)
        self._receiver = (
            ConnectionReceiver(connections_from, self._protocol) if connections_from else None
        )
        self._stopping = asyncio.Event()

    async def main_loop(self) -> None:
        """Tick until a signal stops the server, which ends the present tick.

        uvicorn itself wakes up ten times a second, to see whether there was one.
        """
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._stopping.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note a signal; called in the event loop."""
        super().handle_exit(sig, frame)
        self._stopping.set()

    async def startup(self, sockets: Any = None) -> None:
        """Open the connections that the first client needs, and then accept clients."""
        await get_runtime()
        # PostgreSQL may be away: until it is back, connections get an error.
        with contextlib.suppress(DatabaseError):
            await database_sync_to_async(connection.ensure_connection)()
        await super().startup(sockets)
        if self._receiver is not None:
            self._receiver.open()

    async def shutdown(self, sockets: Any = None) -> None:
        """Refuse new connections, finish work in flight, and only then close the sockets."""
        if self._receiver is not None:
            self._receiver.close()
        for server in self.servers:
            server.close()
        await finish()
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        """Return the protocol of a new connection, as ``startup`` makes it for its listeners."""
        return BoundedRequests(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

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


def serve(*, bind: str, port: int, connections_from: Path | None = None) -> None:
    """Serve pages, REST and sockets until the process gets a signal to stop.

    ``connections_from``: a Unix socket from which a load balancer's connections are received.

    Raises ``StartRefusedError`` where the address cannot be listened on.
    """
    listener = _listener(bind, port)
    config = uvicorn.Config(
        import_string(settings.ASGI_APPLICATION),
        loop="auto",
        # On h11, not httptools: it bounds the headers that a client may send.
        http=BoundedRequests,
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
    DocumentServer(config, connections_from).run(sockets=[listener])


def _listener(bind: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    try:
        return socket.create_server((bind, port), family=family, backlog=_BACKLOG)
    except OSError as err:
        raise StartRefusedError(
            f"Cannot listen on {bind}:{port}: {err.strerror}. End what listens there, or choose "
            "another --port."
        ) from err
