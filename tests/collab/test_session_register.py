"""Who has which document open, on all servers: written after changes, forgotten with its server."""

import asyncio
from collections.abc import Iterator

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.collab import session_register
from apps.collab.close_codes import TRY_AGAIN
from apps.collab.session import Session
from apps.collab.session_register import (
    SessionRegister,
    people_by_document,
    people_of,
    register_put,
)
from apps.core import ids
from tests.collab.sockets import Socket
from tests.support.eventually import eventually, eventually_async


@pytest.fixture
def servers() -> Iterator[list[str]]:
    """Return the names of two web servers, whose sessions end with the test."""
    names = [ids.new_id(), ids.new_id()]
    yield names
    for name in names:
        register_put(name, {})


def test_people_of_all_servers_are_together(servers: list[str]) -> None:
    """Each once; a server's later people replace its earlier ones."""
    one, two = ids.new_id(), ids.new_id()
    register_put(servers[0], {one: ["1", "2"], two: ["1"]})
    register_put(servers[1], {one: ["2", "3"]})
    found = people_by_document()
    assert (found[one], found[two]) == ({1, 2, 3}, {1})
    register_put(servers[0], {one: ["4"]})
    found = people_by_document()
    assert (found[one], two in found) == ({2, 3, 4}, False)


def test_people_of_a_server_that_died_are_forgotten(
    servers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the time of its entry."""
    document_id = ids.new_id()
    monkeypatch.setattr(session_register, "TTL_S", 1)
    register_put(servers[0], {document_id: ["1"]})
    assert document_id in people_by_document()
    eventually(lambda: document_id not in people_by_document(), 10)


def test_people_of_sessions_are_counted_once_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tabs are one person; a session that is being closed is none."""
    document_id = ids.new_id()
    sockets = [Socket(document_id=document_id, user_id=user_id) for user_id in ("2", "1", "2", "3")]
    sockets[3].session.close(TRY_AGAIN)
    sessions = [socket.session for socket in sockets]
    assert people_of(sessions) == {document_id: ["1", "2"]}
    monkeypatch.setattr(session_register, "MAX_PAIRS", 1)
    assert people_of(sessions) == {document_id: ["2"]}


async def test_register_follows_the_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written at a change only, again after a failure, and renewed before it expires."""
    monkeypatch.setattr(session_register, "INTERVAL_S", 0.01)
    monkeypatch.setattr(session_register, "RENEW_S", 0.2)
    written: list[dict[str, list[str]]] = []

    def put(_server: str, people: dict[str, list[str]]) -> None:
        written.append(people)
        if len(written) == 1:
            raise RedisConnectionError("away")

    monkeypatch.setattr(session_register, "register_put", put)
    socket = Socket()
    sessions: list[Session] = [socket.session]
    running = asyncio.create_task(SessionRegister(lambda: sessions).run())

    async def is_renewed() -> bool:
        return len(written) >= 3

    await eventually_async(is_renewed)
    people = {socket.session.document_id: ["1"]}
    assert written[:3] == [people] * 3
    sessions.clear()

    async def is_empty() -> bool:
        return written[-1] == {}

    await eventually_async(is_empty)
    assert written.count({}) == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
