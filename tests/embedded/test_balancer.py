"""The load balancer of ``make up``: real sockets, and servers that answer with their name."""

import asyncio
import contextlib
import socket
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from apps.collab.servers.connection_receiver import ConnectionReceiver
from apps.core import ids
from apps.embedded.balancer import Balancer, document_of, ranked
from tests.support.eventually import eventually_async

DOCUMENT = "0190a0a0-0000-7000-8000-00000000000a"
SERVERS = ("one", "two", "three")
#: How long a connection may be silent in these tests, in seconds; and where it must not matter.
SILENT_S, PATIENT_S = 0.2, 60.0


class Names(asyncio.Protocol):
    """Answers each request with the server's name and the request."""

    def __init__(self, name: str, open_now: set["Names"]) -> None:
        self._name = name
        self._open_now = open_now

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._open_now.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """Count it no more."""
        self._open_now.discard(self)

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self.transport.write(self._name.encode() + b" " + data)


class Site:
    """A load balancer with its servers, in this event loop."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.connections: dict[str, set[Names]] = {name: set() for name in SERVERS}
        self._folder = folder
        self._servers: dict[str, ConnectionReceiver] = {}

    def path(self, name: str) -> str:
        """Return the socket of a server."""
        return str(self._folder / name)

    def start(self, name: str) -> None:
        """Start a server."""
        make: Callable[[], Names] = lambda: Names(name, self.connections[name])  # noqa: E731
        self._servers[name] = ConnectionReceiver(self._folder / name, make)
        self._servers[name].open()

    def stop(self, name: str) -> None:
        """Stop a server; its connections stay."""
        self._servers.pop(name).close()

    def close(self) -> None:
        """Stop all, with their connections."""
        for name in list(self._servers):
            self.stop(name)
        for connection in set().union(*self.connections.values()):
            connection.transport.abort()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Connect."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def name_for(self, request: bytes) -> str:
        """Send a request by a connection of its own; return the name of who answers it whole."""
        async with self.connection() as (reader, writer):
            writer.write(request)
            answer = await reader.readuntil(request)
        return answer.removesuffix(b" " + request).decode()


@asynccontextmanager
async def site(
    *, silent_s: float = PATIENT_S, silent_max: int = 100, servers: tuple[str, ...] = SERVERS
) -> AsyncIterator[Site]:
    """Start a load balancer before three servers, of which some are started."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own has too long a path for a socket
        listener = socket.create_server(("127.0.0.1", 0))
        own = Site(Path(folder), listener.getsockname()[1])
        for name in servers:
            own.start(name)
        balancer = Balancer(
            [own.path(name) for name in SERVERS], silent_s=silent_s, silent_max=silent_max
        )
        task = asyncio.create_task(balancer.serve(listener))
        try:
            yield own
        finally:
            task.cancel()
            await asyncio.wait([task])
            listener.close()
            own.close()


def request_for(document_id: str) -> bytes:
    """Return the beginning of a handshake."""
    return f"GET /ws/documents/{document_id}?token=a HTTP/1.1\r\n".encode()


@pytest.mark.parametrize(
    "request_line",
    [
        f"GET /ws/documents/{DOCUMENT}?token=a HTTP/1.1\r\n",
        f"GET /documents/{DOCUMENT}/ HTTP/1.1\r\nHost: a",
        f"PATCH /api/v1/documents/{DOCUMENT.upper()}/ HTTP/1.1",
        f"GET /api/v1/documents/{DOCUMENT} HTTP/1.1",
    ],
)
def test_document_of_a_request_is_the_one_in_its_path(request_line: str) -> None:
    """In the forms in which the gateway finds it, too."""
    assert document_of(request_line.encode()) == DOCUMENT.encode()


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET / HTTP/1.1\r\n",
        b"GET /ws/documents/0190a0a0-0000",
        f"GET /?next=/documents/{DOCUMENT}/ HTTP/1.1".encode(),
        f"GET /ws/documents/{DOCUMENT}0 HTTP/1.1".encode(),
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_document_of_anything_else_is_empty(beginning: bytes) -> None:
    """Also of a request that has come in part, and of TLS."""
    assert document_of(beginning) == b""


def test_ranked_moves_only_the_documents_of_the_server_that_is_gone() -> None:
    """And each server is the first of about a third."""
    documents = [ids.new_id().encode() for _ in range(300)]
    firsts = [ranked(document, SERVERS)[0] for document in documents]
    assert all(count > 60 for count in Counter(firsts).values())
    for document, first in zip(documents, firsts, strict=True):
        left = [server for server in SERVERS if server != "two"]
        assert ranked(document, left)[0] == (
            first if first != "two" else ranked(document, SERVERS)[1]
        )


async def test_connections_of_a_document_go_to_one_server_and_others_to_all() -> None:
    """The server gets the request from its first byte on."""
    async with site() as own:
        documents = [ids.new_id() for _ in range(10)]
        for document_id in documents:
            expected = ranked(document_id.encode(), SERVERS)[0]
            names = {await own.name_for(request_for(document_id)) for _ in range(2)}
            assert names == {expected}
        assert {await own.name_for(b"GET / HTTP/1.1\r\n") for _ in SERVERS} == set(SERVERS)


async def test_connection_whose_request_comes_late_is_handed_over_then() -> None:
    """Others are not kept waiting meanwhile."""
    async with site() as own, own.connection() as (reader, writer):
        request = request_for(DOCUMENT)
        assert await own.name_for(request)
        writer.write(request)
        expected = ranked(DOCUMENT.encode(), SERVERS)[0].encode()
        assert await reader.readuntil(request) == expected + b" " + request


async def test_documents_of_a_server_that_is_gone_go_to_the_next_until_it_is_back() -> None:
    """Its open connections stay; with no server at all, a connection is closed."""
    async with site() as own:
        request = request_for(DOCUMENT)
        first, second, third = ranked(DOCUMENT.encode(), SERVERS)
        async with own.connection() as (reader, writer):
            writer.write(request)
            assert await reader.readuntil(request) == f"{first} ".encode() + request
            own.stop(first)
            assert await own.name_for(request) == second
            own.start(first)
            assert await own.name_for(request) == first
            for name in (first, second, third):
                own.stop(name)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await own.name_for(request)
            writer.write(b"still here")
            assert await reader.readuntil(b"still here")


async def test_silent_connections_are_closed() -> None:
    """After the time that a web server would give them."""
    async with site(silent_s=SILENT_S) as own, own.connection() as (reader, _):
        assert await reader.read() == b""
        assert not any(own.connections.values())


async def test_silent_connections_above_the_limit_wait_in_the_web_servers() -> None:
    """So that one who opens many of them keeps nobody out, and takes no descriptor here."""
    async with contextlib.AsyncExitStack() as open_now, site(silent_max=3) as own:
        for _ in range(9):
            await open_now.enter_async_context(own.connection())

        async def handed_over() -> bool:
            return sorted(map(len, own.connections.values())) == [2, 2, 2]

        await eventually_async(handed_over, 10)
        assert await own.name_for(request_for(DOCUMENT))
