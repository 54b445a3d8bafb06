"""Floods from a stranger or a viewer, on one connection or many: others are hardly affected.

A flood is bounded by its socket, for any kind of frames.
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from apps.collab import close_codes, protocol
from apps.collab.limits import Limits
from tests.fuzz.watcher import rss_bytes
from tests.integration.conftest import Enter
from tests.support.eventually import eventually
from tests.support.launcher import Launched
from tests.support.probes import PROBE_MAX_S, probed, processor_s
from tests.support.web_server import WebServer

#: Duration of a flood, if nothing ends it.
FLOOD_S = 20.0
#: Floods of one connection after the other, and what the server's memory may grow by them.
FLOODS = 10
GROWTH_MAX_BYTES = 50 * 1024 * 1024
#: The end of a refused socket takes less, also on a busy machine. (Seconds.)
HEALTHY_S = 3.0
MASK = b"\x00\x00\x00\x00"
#: Frames of a client as bytes: empty ping, largest ping, empty fragments of one message.
PING = b"\x89\x80" + MASK
LARGE_PING = b"\x89" + bytes([0x80 | 125]) + MASK + bytes(125)
FRAGMENT = b"\x00\x80" + MASK


def flood(stack: Launched, path: str, frame: bytes, *, first: bytes = b"") -> bytes:
    """Open a raw socket and send a frame until the server ends it; return the sent bytes."""
    host, port = stack.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=FLOOD_S) as peer:
        peer.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        received, chunk = bytearray(), frame * (64 * 1024 // len(frame))
        while b"\r\n\r\n" not in received:
            received += peer.recv(64 * 1024)
        give_up_at = time.monotonic() + FLOOD_S
        with contextlib.suppress(ConnectionError):
            peer.sendall(first)
            while time.monotonic() < give_up_at:
                peer.sendall(chunk)
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < give_up_at and (data := peer.recv(64 * 1024)):
                received += data
    assert time.monotonic() < give_up_at, "the server never ended the flood"
    return bytes(received)


def floods(stack: Launched, path: str, frame: bytes, *, first: bytes = b"") -> None:
    """Connect again after each flood that the server has ended."""
    for _ in range(FLOODS):
        flood(stack, path, frame, first=first)


@pytest.mark.parametrize("frame", [PING, LARGE_PING, FRAGMENT], ids=["ping", "large", "fragment"])
@pytest.mark.parametrize("who", ["nobody", "viewer"])
async def test_flood_of_any_frames_ends_and_delays_no_other(
    who: str, frame: bytes, stack: Launched, document_id: str
) -> None:
    """Control frames and fragments never become a message, and are counted, too."""
    path = f"/ws/documents/{document_id}"
    if who == "viewer":
        path += f"?token={stack.token('alan')}"
    first = b"\x02\x80" + MASK if frame is FRAGMENT else b""
    before = rss_bytes(stack.pid("web"))
    async with probed(stack) as took:
        await asyncio.gather(
            *(asyncio.to_thread(floods, stack, path, frame, first=first) for _ in range(2))
        )
    assert max(took) <= PROBE_MAX_S
    assert rss_bytes(stack.pid("web")) - before <= GROWTH_MAX_BYTES


async def test_right_taken_away_reaches_the_person_who_floods(
    enter: Enter, stack: Launched
) -> None:
    """Within a second of the server's work; a flood once kept it for more than 15 s."""
    document_id = stack.create_document("ada")
    right = stack.share(document_id, "alan", "viewer")
    alan = await enter("alan", document_id, native=True)
    await alan.until(alan.synced.is_set)
    path = f"/ws/documents/{document_id}?token={stack.token('alan')}"
    flooding = [asyncio.create_task(asyncio.to_thread(floods, stack, path, PING)) for _ in range(2)]
    taken = f"documents/{document_id}/permissions/{right}/"
    answer = await asyncio.to_thread(stack.call, "ada", "DELETE", taken)
    assert answer.status_code == 204
    began_s = processor_s(stack.pid("web"))
    assert await alan.until_closed() == close_codes.FORBIDDEN
    assert processor_s(stack.pid("web")) - began_s < 1.0
    await asyncio.gather(*flooding)


async def test_refused_socket_gets_the_reason_and_ends_within_a_second(
    stack: Launched, document_id: str
) -> None:
    """The server does not wait for the client's close frame."""
    async with connect(f"{stack.ws_url}/ws/documents/{document_id}") as stranger:
        with pytest.raises(ConnectionClosed):
            await stranger.recv()
        assert stranger.close_code == close_codes.NOT_AUTHENTICATED
    host, port = stack.url.removeprefix("http://").split(":")

    def read_all() -> float:
        """Read as a client that never answers; return the time until the end."""
        with socket.create_connection((host, int(port)), timeout=FLOOD_S) as peer:
            peer.sendall(
                f"GET /ws/documents/{document_id} HTTP/1.1\r\nHost: {host}:{port}\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
            )
            received = bytearray()
            while struct.pack("!H", close_codes.NOT_AUTHENTICATED) not in received:
                received += peer.recv(64 * 1024)
            refused_at = time.monotonic()
            while peer.recv(64 * 1024):
                pass
            return time.monotonic() - refused_at

    assert await asyncio.to_thread(read_all) < HEALTHY_S


@pytest.mark.parametrize(
    "frame",
    [bytes((protocol.QUERY_AWARENESS,)), protocol.encode_sync_step1(b"\x00")],
    ids=["query awareness", "sync step 1"],
)
async def test_flood_of_the_most_expensive_frames_closes_the_sender_alone(
    frame: bytes, enter: Enter, document_id: str
) -> None:
    """The answer to each is the whole document; a few per second are allowed."""
    ada = await enter("ada", document_id, native=True)
    alan = await enter("alan", document_id)
    with contextlib.suppress(ConnectionClosed):
        for _ in range(20 * Limits().read_budget):
            await alan.send(frame)
    assert await alan.until_closed() == close_codes.TRY_AGAIN
    assert await ada.until_ack(await ada.append("on"))


@pytest.fixture(scope="module")
def impatient(stack: Launched) -> Iterator[WebServer]:
    """Start a web server that waits one second for a request, and has no gateway."""
    with WebServer(stack, "web-impatient", {"REQUEST_WAIT_S": "1"}) as server:
        yield server


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /login/ HTTP/1.1\r\nHost: 127",
        b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf",
    ],
    ids=["silence", "half a header", "half a body"],
)
def test_incomplete_request_ends(sent: bytes, impatient: WebServer) -> None:
    """Connections with incomplete requests do not accumulate."""
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=FLOOD_S) as peer:
        peer.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            assert peer.recv(1024) == b""


def test_slow_request_that_goes_on_is_answered(impatient: WebServer) -> None:
    """The timeout applies to a request that makes no progress, not to a slow network."""
    body = b"x" * (32 * 1024)
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=FLOOD_S) as peer:
        peer.sendall(
            b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        began = time.monotonic()
        for start in range(0, len(body), 4096):
            peer.sendall(body[start : start + 4096])
            due_at = began + start / 16384
            eventually(lambda due_at=due_at: time.monotonic() > due_at)  # type: ignore[misc]
        assert peer.recv(12).startswith(b"HTTP/1.1 40")


@pytest.mark.parametrize("path", ["/login/", "/nowhere", "/api/v1/documents/", "/admin/login/"])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_body_that_is_too_long_is_refused_before_it_is_stored(
    declared: bool, path: str, stack: Launched
) -> None:
    """On any path, without an identity: Django would write it to disk before any check."""
    host, port = stack.url.removeprefix("http://").split(":")
    length = 300 * 1024 * 1024
    how = f"Content-Length: {length}" if declared else "Transfer-Encoding: chunked"
    with socket.create_connection((host, int(port)), timeout=FLOOD_S) as peer:
        peer.sendall(f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{how}\r\n\r\n".encode())
        sent, chunk = 0, b"10000\r\n" + bytes(64 * 1024) + b"\r\n"
        answer = bytearray()
        with contextlib.suppress(ConnectionError):
            while not declared and sent < length:
                peer.sendall(chunk)
                sent += len(chunk)
        with contextlib.suppress(ConnectionError):
            while data := peer.recv(64 * 1024):
                answer += data
    assert sent < 64 * 1024 * 1024
    assert not declared or answer.startswith(b"HTTP/1.1 413")
    assert not answer or b'"limit_exceeded"' in answer
