"""The load balancer before several web servers of ``make up``: it hands over accepted connections.

It looks at the first bytes of a connection without taking them, chooses the web server by the
document that they name, and sends it the socket itself (``SCM_RIGHTS``). After that no byte of the
connection passes through this process, and its end closes none of them (ADR 0018).

    python -m apps.embedded.balancer --bind ADDRESS --port PORT SOCKET…
"""

import argparse
import asyncio
import contextlib
import hashlib
import itertools
import re
import signal
import socket
import sys
from collections.abc import Sequence

#: Connections that may wait to be accepted.
_BACKLOG = 2048
#: Connections that are accepted before others get their turn.
_ACCEPTED_AT_ONCE = 64
#: Longest part of a request that is looked at, in bytes: the line with a path and a token.
_LOOK_BYTES = 8 * 1024
#: How long a connection may be silent, in seconds; the web servers have the same limit.
SILENT_S = 15.0
#: Silent connections that wait here; the next ones wait in the web servers. Far below the number
#: of files that a process may have open.
SILENT_MAX = 200
#: The same paths as in the gateway's template (docker/gateway).
_DOCUMENT = re.compile(rb"[A-Z]+ /(?:ws/|api/v1/)?documents/([0-9A-Fa-f-]{36})(?=[/? ])")


def document_of(request: bytes) -> bytes:
    """Return the id of the document that the beginning of a request names; empty if none."""
    found = _DOCUMENT.match(request)
    return found[1].lower() if found else b""


def ranked(document_id: bytes, servers: Sequence[str]) -> list[str]:
    """Return servers in the order in which they get a document (rendezvous hashing).

    Without the first one its documents go to the others, and all other documents stay.
    """

    def weight(server: str) -> bytes:
        name = server.rpartition("/")[2].encode()
        return hashlib.blake2b(document_id, key=name, digest_size=8).digest()

    return sorted(servers, key=weight)


class Balancer:
    """Accepts connections and hands each to one of the web servers."""

    def __init__(
        self,
        servers: Sequence[str],
        *,
        silent_s: float = SILENT_S,
        silent_max: int = SILENT_MAX,
    ) -> None:
        """``servers``: the paths of the Unix sockets on which they receive connections."""
        self._servers = list(servers)
        self._silent_s = silent_s
        self._silent_max = silent_max
        self._next = itertools.cycle(range(len(servers)))
        #: The connection to each web server, while there is one.
        self._channels: dict[str, socket.socket] = {}
        #: Silent connections, with their deadlines.
        self._silent: dict[socket.socket, asyncio.TimerHandle] = {}

    async def serve(self, listener: socket.socket) -> None:
        """Accept and hand over connections until cancelled."""
        loop = asyncio.get_running_loop()
        listener.settimeout(0)
        loop.add_reader(listener, self._accept, listener)
        try:
            await loop.create_future()
        finally:
            loop.remove_reader(listener)
            for connection in list(self._silent):
                self._end_wait(connection)
                connection.close()
            for channel in self._channels.values():
                channel.close()

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                connection, _ = listener.accept()
            except OSError:  # none waits, or its client is gone
                return
            connection.settimeout(0)
            if not self._look(connection):
                self._wait(connection)

    def _wait(self, connection: socket.socket) -> None:
        """Wait for the first bytes of a connection."""
        if len(self._silent) >= self._silent_max:
            self._hand_over(connection, b"")
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(connection, self._on_bytes, connection)
        self._silent[connection] = loop.call_later(self._silent_s, self._on_silence, connection)

    def _on_bytes(self, connection: socket.socket) -> None:
        self._end_wait(connection)
        if not self._look(connection):
            self._wait(connection)

    def _on_silence(self, connection: socket.socket) -> None:
        self._end_wait(connection)
        connection.close()

    def _end_wait(self, connection: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(connection)
        self._silent.pop(connection).cancel()

    def _look(self, connection: socket.socket) -> bool:
        """Hand a connection over by its first bytes; return False when none has come."""
        try:
            request = connection.recv(_LOOK_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            connection.close()
            return True
        if request:
            self._hand_over(connection, document_of(request))
        else:
            connection.close()
        return True

    def _hand_over(self, connection: socket.socket, document_id: bytes) -> None:
        """Send a connection to its web server, or to the next one that receives it."""
        if document_id:
            order = ranked(document_id, self._servers)
        else:
            first = next(self._next)
            order = self._servers[first:] + self._servers[:first]
        with connection:  # the web server has its own descriptor of it
            any(self._send(server, connection) for server in order)

    def _send(self, server: str, connection: socket.socket) -> bool:
        """Send a socket to a web server; return False when it receives none."""
        is_new = server not in self._channels
        try:
            channel = self._channels.get(server) or self._connect(server)
            socket.send_fds(channel, [b"\0"], [connection.fileno()])
        except BlockingIOError:  # its queue is full
            return False
        except OSError:
            if server in self._channels:
                self._channels.pop(server).close()
            return not is_new and self._send(server, connection)  # it may have been restarted
        return True

    def _connect(self, server: str) -> socket.socket:
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            channel.settimeout(0)
            channel.connect(server)
        except OSError:
            channel.close()
            raise
        self._channels[server] = channel
        return channel


async def _run(listener: socket.socket, servers: Sequence[str]) -> None:
    task = asyncio.ensure_future(Balancer(servers).serve(listener))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m apps.embedded.balancer", description=__doc__)
    parser.add_argument("--bind", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("servers", nargs="+", metavar="SOCKET")
    options = parser.parse_args()
    family = socket.AF_INET6 if ":" in options.bind else socket.AF_INET
    address = (options.bind, options.port)
    try:
        listener = socket.create_server(address, family=family, backlog=_BACKLOG)
    except OSError as err:
        print(f"Cannot listen on {options.bind}:{options.port}: {err.strerror}.", file=sys.stderr)  # noqa: T201 - the log
        return 1
    with listener:
        asyncio.run(_run(listener, options.servers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
