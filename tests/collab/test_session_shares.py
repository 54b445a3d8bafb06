"""One person's share of a server and of a room, from the attacker's side."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from apps.collab import close_codes
from apps.collab.limits import Limits
from apps.collab.session_shares import SessionShares, TooManySessionsError
from tests.support.clients import Client
from tests.support.eventually import eventually_async
from tests.support.launcher import Launched
from tests.support.web_server import WebServer

IN_ROOM = 3
ON_SERVER = 5
SETTINGS = {
    "LIMIT_SESSIONS_PER_ROOM": "8",
    "LIMIT_SESSIONS_PER_PERSON_IN_ROOM": str(IN_ROOM),
    "LIMIT_SESSIONS_PER_PERSON": str(ON_SERVER),
}

#: Opens a socket: ``await enter("alan", document_id)``.
Enter = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def server(stack: Launched) -> Iterator[WebServer]:
    """Start a web server with small shares."""
    with WebServer(stack, "web-shares", SETTINGS) as server:
        yield server


@pytest.fixture
async def enter(stack: Launched, server: WebServer) -> AsyncIterator[Enter]:
    """Return how to open a socket of a person; all are closed at the end."""
    async with AsyncExitStack() as sockets:

        async def open_client(username: str, document_id: str) -> Client:
            client = Client(server.ws_url, document_id, token=stack.token(username), native=True)
            return await sockets.enter_async_context(client)

        yield open_client


def make_shares() -> SessionShares:
    """Return empty shares with small limits."""
    return SessionShares(Limits(sessions_per_person=3, sessions_per_person_in_room=2))


def test_share_of_a_room_and_of_a_server_are_counted_by_person() -> None:
    """What is refused is not counted; what is closed is free again."""
    shares = make_shares()
    for _ in range(2):
        shares.open(user_id="1", document_id="a")
    for _ in range(2):
        with pytest.raises(TooManySessionsError) as refused:
            shares.open(user_id="1", document_id="a")
        assert refused.value.extra == {"limit": "sessions_per_person_in_room", "value": 2}
    shares.open(user_id="1", document_id="b")
    with pytest.raises(TooManySessionsError) as refused:
        shares.open(user_id="1", document_id="c")
    assert refused.value.extra == {"limit": "sessions_per_person", "value": 3}
    shares.open(user_id="2", document_id="a")
    shares.close(user_id="1", document_id="a")
    shares.open(user_id="1", document_id="a")


def test_closed_sockets_leave_nothing_in_memory() -> None:
    """A server sees many people and documents."""
    shares = make_shares()
    shares.open(user_id="1", document_id="a")
    shares.close(user_id="1", document_id="a")
    assert (dict(shares._of_person), dict(shares._on_document)) == ({}, {})


async def test_viewer_with_many_sockets_does_not_keep_the_owner_out(
    enter: Enter, stack: Launched
) -> None:
    """The sockets beyond the share are closed with 1013 and words; the owner comes and writes."""
    document_id = stack.create_document("ada", alan="viewer")
    crowd = [await enter("alan", document_id) for _ in range(12)]
    for client in crowd:  # in which order they are let in is the server's
        await client.until(lambda client=client: client.synced.is_set() or client.closed.is_set())
    refused = [client for client in crowd if client.closed.is_set()]
    assert {client.close_code for client in refused} == {close_codes.TRY_AGAIN}
    assert "Close other tabs" in str(refused[0].close_reason)
    owner = await enter("ada", document_id)
    assert await owner.until_ack(await owner.insert(0, "here"))
    assert [client.close_code for client in crowd].count(None) == IN_ROOM


async def test_person_has_a_share_of_the_server_that_is_free_again_after_closing(
    enter: Enter, stack: Launched
) -> None:
    """Over all documents; a tab that is closed makes room for another one."""
    ids = [stack.create_document("grace") for _ in range(ON_SERVER + 1)]
    here = [await enter("grace", document_id) for document_id in ids[:ON_SERVER]]
    for client in here:
        await client.until(client.synced.is_set)
    late = await enter("grace", ids[-1])
    assert await late.until_closed() == close_codes.TRY_AGAIN
    await here[0].close()

    async def has_room() -> bool:
        client = await enter("grace", ids[-1])
        await client.until(lambda: client.synced.is_set() or client.closed.is_set())
        return bool(client.synced.is_set())

    await eventually_async(has_room)
