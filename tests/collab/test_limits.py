"""The limits from the attacker's side: a real web server with low limits, over real sockets.

Each attack gets the answer of ``docs/protocol.md``, and other people keep writing meanwhile. Limits
that need no socket are tested beside the module that implements them.
"""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import requests
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from apps.collab import close_codes, protocol
from apps.crdt.codec.lib0 import write_var_string
from tests.collab.authors import Writer
from tests.support.clients import Client
from tests.support.eventually import eventually_async
from tests.support.launcher import Launched
from tests.support.web_server import WebServer

FRAME_BYTES = 200_000
UPDATE_BYTES = 100_000
DOCUMENT_BYTES = 1_000_000
OUTBOX_BYTES = 300_000
PENDING_BYTES = 50_000
FRAMES_PER_S = 200
SESSIONS = 3
ROOMS = 2

TIGHT = {
    "LIMIT_FRAME_BYTES": str(FRAME_BYTES),
    "LIMIT_UPDATE_BYTES": str(UPDATE_BYTES),
    "LIMIT_DOCUMENT_BYTES": str(DOCUMENT_BYTES),
    "LIMIT_OUTBOX_BYTES": str(OUTBOX_BYTES),
    "LIMIT_PENDING_BYTES": str(PENDING_BYTES),
    "LIMIT_FRAMES_PER_S": str(FRAMES_PER_S),
    "LIMIT_SESSIONS_PER_ROOM": str(SESSIONS),
    "LIMIT_ROOMS": str(ROOMS),
}

#: Opens a client: ``await enter("ada", native=True)``, by default on the module's document.
Enter = Callable[..., Any]


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def server(stack: Launched, request: pytest.FixtureRequest) -> Iterator[WebServer]:
    """Start a web server with a low value for each kind of limit."""
    with WebServer(stack, f"web-{request.param}", TIGHT, server=request.param) as server:
        yield server


@pytest.fixture
def document_id(stack: Launched) -> str:
    """Return a new document in which Ada and Grace may write."""
    return stack.create_document("ada", grace="editor")


@pytest.fixture
async def enter(stack: Launched, server: WebServer, document_id: str) -> AsyncIterator[Enter]:
    """Return a factory of clients on the server with low limits; a returned client has synced."""
    async with AsyncExitStack() as sockets:

        async def open_client(
            username: str, document: str = document_id, *, native: bool = False
        ) -> Client:
            client = await sockets.enter_async_context(
                Client(server.ws_url, document, token=stack.token(username), native=native)
            )
            await client.until(lambda: client.synced.is_set() or client.closed.is_set())
            return client

        yield open_client


def length_of_log(stack: Launched, document_id: str) -> int:
    """Return the number of stored operations."""
    answer = stack.call("ada", "GET", f"documents/{document_id}/operations/")
    return len(answer.json()["results"])


def post(stack: Launched, server: WebServer, document_id: str, update: bytes) -> requests.Response:
    """Submit an edit of Ada's by REST."""
    return requests.post(
        f"{server.url}/api/v1/documents/{document_id}/operations/",
        json={"unique_id": "rest", "update": base64.b64encode(update).decode()},
        headers={"Authorization": f"Bearer {stack.token('ada')}"},
        timeout=30,
    )


async def assert_goes_on(client: Client) -> None:
    """Check that a well-behaved client can write as before."""
    assert await client.until_ack(await client.append("on "))


async def flood(client: Client, frames: Iterable[bytes]) -> None:
    """Send frames one after the other until the socket is closed."""
    with contextlib.suppress(ConnectionClosed):
        for frame in frames:
            await client.send(frame)


async def let_in(enter: Enter, *where: str) -> Client:
    """Retry until a client is admitted."""

    async def look() -> Client | None:
        client: Client = await enter("ada", *where)
        return client if client.close_code is None else None

    client = await eventually_async(look)
    assert client is not None
    return client


async def test_frame_one_byte_too_large_is_4413(enter: Enter) -> None:
    """The product's limit applies, within the web server's own; the bystander keeps writing."""
    bystander, attacker = await enter("grace", native=True), await enter("ada")
    await attacker.send(bytes(FRAME_BYTES + 1))
    assert await attacker.until_closed() == close_codes.TOO_LARGE
    assert attacker.close_reason == "The frame is too large."
    await assert_goes_on(bystander)


async def test_frame_over_the_read_limit_is_4413(enter: Enter) -> None:
    """The client gets the reason while it is still sending; its earlier edits are stored."""
    bystander, attacker = await enter("grace", native=True), await enter("ada", native=True)
    await attacker.until_ack(await attacker.append("before "))
    await flood(attacker, [bytes(40 * FRAME_BYTES)])
    assert await attacker.until_closed() == close_codes.TOO_LARGE
    assert attacker.close_reason == "A change, or the whole document, is too large."
    await bystander.until_text("before ")
    await assert_goes_on(bystander)


@pytest.mark.parametrize("native", [True, False])
async def test_update_too_large_is_refused_by_socket(
    native: bool, enter: Enter, stack: Launched, document_id: str
) -> None:
    """In a frame that is not too large: 4413, or by its id for a native client, which stays."""
    attacker = await enter("ada", native=native)
    await attacker.submit(Writer().write("x" * UPDATE_BYTES))
    if native:
        await attacker.until(lambda: attacker.rejects)
        assert attacker.rejects[0][1] == "limit_exceeded"
        await attacker.close()
    else:
        assert await attacker.until_closed() == close_codes.TOO_LARGE
    assert length_of_log(stack, document_id) == 0


def test_update_too_large_is_413_by_rest(
    stack: Launched, server: WebServer, document_id: str
) -> None:
    """REST has the same limit and names it."""
    answer = post(stack, server, document_id, Writer().write("x" * UPDATE_BYTES))
    assert answer.status_code == 413, answer.text
    assert answer.json()["extra"] == {"limit": "update_bytes", "value": UPDATE_BYTES}
    assert length_of_log(stack, document_id) == 0


async def test_full_document_refuses_edits_and_may_be_read(
    enter: Enter, stack: Launched, server: WebServer, document_id: str
) -> None:
    """A native client gets frame 102 and stays, a stock one 4413, REST 413."""
    native, stock = await enter("ada", native=True), await enter("grace")
    for _ in range(DOCUMENT_BYTES // UPDATE_BYTES):
        await native.until_ack(await native.append("x" * (UPDATE_BYTES - 200)))
    full = length_of_log(stack, document_id)
    over = Writer().write("x" * (UPDATE_BYTES - 200))
    await native.submit(over, "over")
    await native.until(lambda: native.rejects)
    assert native.rejects[0][:2] == ("over", "limit_exceeded")
    await stock.submit(over)
    assert await stock.until_closed() == close_codes.TOO_LARGE
    answer = await asyncio.to_thread(post, stack, server, document_id, over)
    assert (answer.status_code, answer.json()["code"]) == (413, "limit_exceeded")
    assert length_of_log(stack, document_id) == full
    reader = await enter("grace")
    assert reader.text == native.text
    await native.until_ack(await native.delete(0, UPDATE_BYTES))  # makes room
    await native.until_ack(await native.append("x" * (UPDATE_BYTES // 2)))


async def test_flood_of_pending_updates_is_1013(enter: Enter) -> None:
    """They fill their bound, and neither the memory nor the log."""
    bystander, attacker = await enter("grace", native=True), await enter("ada")
    attacker.answers_sync = False
    writer = Writer()
    writer.write("never sent")
    holes = [writer.write("x" * (PENDING_BYTES // 5)) for _ in range(10)]
    await flood(attacker, map(protocol.encode_sync_update, holes))
    assert await attacker.until_closed() == close_codes.TRY_AGAIN
    await assert_goes_on(bystander)


async def test_flood_of_frames_is_1013(enter: Enter) -> None:
    """The smallest frames possible, as fast as the connection allows."""
    bystander, attacker = await enter("grace", native=True), await enter("ada")
    await flood(attacker, [bytes((protocol.QUERY_AWARENESS,))] * 30 * FRAMES_PER_S)
    assert await attacker.until_closed() == close_codes.TRY_AGAIN
    await assert_goes_on(bystander)


async def test_flood_of_tokens_is_1013(enter: Enter, stack: Launched) -> None:
    """Each token costs a database query, so a session may have one at a time."""
    bystander, attacker = await enter("grace", native=True), await enter("ada", native=True)
    frame = bytearray((protocol.TOKEN,))
    write_var_string(frame, stack.token("ada"))
    await flood(attacker, [bytes(frame)] * (FRAMES_PER_S // 2))
    assert await attacker.until_closed() == close_codes.TRY_AGAIN
    await assert_goes_on(bystander)


async def test_presence_used_as_storage_is_4400(enter: Enter) -> None:
    """The state is too large; no other client receives it."""
    bystander, attacker = await enter("grace", native=True), await enter("ada")
    await attacker.send_presence('{"x":"' + "y" * 8 * 1024 + '"}')
    assert await attacker.until_closed() == close_codes.MALFORMED
    await assert_goes_on(bystander)
    assert bystander.states == {}


async def test_session_over_the_limit_is_1013_until_one_leaves(enter: Enter) -> None:
    """Present sessions stay, and the place of a session that leaves is free at once."""
    here = [await enter("ada", native=True) for _ in range(SESSIONS)]
    for client in here:
        await client.until(client.synced.is_set)
    late = await enter("grace")
    assert await late.until_closed() == close_codes.TRY_AGAIN
    assert late.close_reason == "The document is full."
    await assert_goes_on(here[0])
    await here[0].close()
    await assert_goes_on(here[1])
    assert (await let_in(enter)).text == here[1].text


async def test_document_over_the_limit_is_1013_until_one_is_left(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """Opening many documents does not evict documents in use."""
    here = await enter("ada", native=True)
    other = await enter("ada", stack.create_document("ada"))
    for client in (here, other):
        await client.until(client.synced.is_set)
    third_id = stack.create_document("ada")
    late = await enter("ada", third_id)
    assert await late.until_closed() == close_codes.TRY_AGAIN
    await assert_goes_on(here)
    await other.close()
    await let_in(enter, third_id)
    await assert_goes_on(here)


async def test_reader_that_does_not_read_is_1013_and_delays_no_other(
    enter: Enter, stack: Launched, server: WebServer, document_id: str
) -> None:
    """It requests the whole document repeatedly; its outbox is bounded."""
    writer = await enter("grace", native=True)
    for _ in range(8):
        await writer.until_ack(await writer.append("x" * (UPDATE_BYTES - 200)))
    asked, got = 40, 0
    address = f"{server.ws_url}/ws/documents/{document_id}?token={stack.token('ada')}"
    async with connect(address, max_size=None, max_queue=1, compression=None) as attacker:
        for _ in range(asked):
            with contextlib.suppress(ConnectionClosed):
                await attacker.send(protocol.encode_sync_step1(b"\x00"))
            await assert_goes_on(writer)
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(20):
                async for frame in attacker:
                    got += len(frame)
    assert attacker.close_code == close_codes.TRY_AGAIN
    assert got < asked * len(writer.text) / 2
