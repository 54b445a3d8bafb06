"""Connections that a load balancer on the same machine hands over, as sockets (ADR 0018)."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)

#: Load balancers that may wait to be accepted: one, and its successor.
_BACKLOG = 8


class ConnectionReceiver:
    """Receives connections from a Unix socket, whose folder only this user may enter."""

    def __init__(self, path: Path, make_protocol: Callable[[], asyncio.Protocol]) -> None:
        self._path = path
        self._make_protocol = make_protocol
        self._listener: socket.socket | None = None
        self._channels: set[socket.socket] = set()
        self._opening: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begin to receive connections; call it once the server serves. Raises ``OSError``."""
        self._path.unlink(missing_ok=True)  # of a process that was killed
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.settimeout(0)
        self._listener.bind(str(self._path))
        self._listener.listen(_BACKLOG)
        asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)

    def close(self) -> None:
        """Receive no more connections; the load balancer chooses another server."""
        loop = asyncio.get_running_loop()
        for own in (self._listener, *self._channels):
            if own is not None:
                loop.remove_reader(own)
                own.close()
        self._channels.clear()
        self._path.unlink(missing_ok=True)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            channel, _ = listener.accept()
            channel.settimeout(0)
            self._channels.add(channel)
            asyncio.get_running_loop().add_reader(channel, self._receive, channel)

    def _receive(self, channel: socket.socket) -> None:
        """Receive one connection, which comes with one byte."""
        try:
            sent, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
        except BlockingIOError:
            return
        except OSError:
            sent, descriptors = b"", []
        for descriptor in descriptors:
            task = asyncio.create_task(self._serve(socket.socket(fileno=descriptor)))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        if not sent:
            asyncio.get_running_loop().remove_reader(channel)
            self._channels.discard(channel)
            channel.close()

    async def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(0)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(self._make_protocol, connection)
        except OSError:  # its client is gone
            connection.close()
        except Exception:
            logger.exception("a connection that was handed over is not served")
            connection.close()
