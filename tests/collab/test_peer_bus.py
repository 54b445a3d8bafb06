"""Rooms of other processes, over the real channel layer: what is heard, and that it may be lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import redis
from django.conf import settings
from prometheus_client import REGISTRY

from apps.collab import peer_bus
from apps.collab.peer_bus import Message, PeerBus, operations_message, operations_of
from apps.core import ids
from tests.support.eventually import eventually_async
from tests.support.operations import Scribe


class Server:
    """One process's exchange, and what it heard."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.peer_bus = PeerBus(self._on_message)

    async def until_heard(self, message: Message) -> None:
        """Wait until a message has come."""

        async def has_come() -> bool:
            return any(heard.items() >= message.items() for heard in self.heard)

        await eventually_async(has_come)

    def _on_message(self, message: Message) -> None:
        self.heard.append(message)
        if message["type"] == "nonsense":
            raise ValueError("not understood")


#: Starts one more server's exchange.
Start = Callable[[], Any]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Return how to start the exchange of one more server."""
    async with AsyncExitStack() as servers:

        async def begin() -> Server:
            server = Server()
            await server.peer_bus.start()
            servers.push_async_callback(server.peer_bus.close)
            return server

        yield begin


def say(document_id: str, text: str = "hello") -> Message:
    """Return a message about a document."""
    return {"type": "presence", "document_id": document_id, "text": text}


def lost() -> float:
    """Return how many messages of this process the layer did not take."""
    return REGISTRY.get_sample_value("scriptorium_broadcast_failed_total") or 0


async def test_operations_arrive_as_they_were(start: Start) -> None:
    """Byte for byte, with their times, at who has the document open."""
    here, there = await start(), await start()
    scribe = Scribe()
    there.peer_bus.join(scribe.document_id)
    operations = scribe.write_many(3)
    message = operations_message(operations)
    assert message["last_seq"] == 3
    await until_joined(here, there, scribe.document_id)
    here.peer_bus.publish(message)
    await there.until_heard(message)
    assert operations_of(there.heard[-1]) == operations


async def until_joined(here: Server, there: Server, document_id: str) -> None:
    """Say something until the other one hears it: joining is not waited for."""
    text = ids.new_id()

    async def is_heard() -> bool:
        here.peer_bus.publish(say(document_id, text))
        return any(heard.get("text") == text for heard in there.heard)

    await eventually_async(is_heard)


async def test_own_words_are_not_heard_and_after_leaving_nobody_s(start: Start) -> None:
    """Who publishes knows it already; who has let the document go must not be woken by it."""
    here, there = await start(), await start()
    document_id, other_id = ids.new_id(), ids.new_id()
    for server in (here, there):
        server.peer_bus.join(document_id)
    await until_joined(here, there, document_id)
    there.peer_bus.leave(document_id)
    there.peer_bus.join(other_id)
    await until_joined(here, there, other_id)
    here.peer_bus.publish(say(document_id, "still here?"))
    here.peer_bus.publish(say(other_id, "the last word"))
    await there.until_heard(say(other_id, "the last word"))
    assert "still here?" not in [message["text"] for message in there.heard]
    await here.until_heard({"type": "gone", "document_id": document_id})
    assert [message["type"] for message in here.heard] == ["gone"]


def test_large_batch_is_only_announced() -> None:
    """The layer keeps messages in memory; the log has the operations."""
    scribe = Scribe()
    operations = [scribe.write("x" * 200_000), scribe.write("y" * 200_000)]
    message = operations_message(operations)
    assert (message["last_seq"], operations_of(message)) == (2, [])
    assert operations_of(operations_message(operations[:1])) == operations[:1]


async def test_message_that_nobody_understands_is_counted_and_the_next_one_heard(
    start: Start,
) -> None:
    """Another server may be of another version."""
    here, there = await start(), await start()
    document_id = ids.new_id()
    there.peer_bus.join(document_id)
    await until_joined(here, there, document_id)
    before = REGISTRY.get_sample_value("scriptorium_loop_errors_total", {"loop": "exchange"}) or 0
    here.peer_bus.publish({"type": "nonsense", "document_id": document_id})
    here.peer_bus.publish(say(document_id, "sense"))
    await there.until_heard(say(document_id, "sense"))
    after = REGISTRY.get_sample_value("scriptorium_loop_errors_total", {"loop": "exchange"})
    assert after == before + 1


async def test_memberships_that_redis_has_forgotten_are_renewed(start: Start) -> None:
    """A Redis that was emptied, or stood still for a day."""
    here, there = await start(), await start()
    document_id = ids.new_id()
    there.peer_bus.join(document_id)
    await until_joined(here, there, document_id)
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        assert server.delete(f"scriptorium:group:document.{document_id}") == 1
    there.peer_bus.rejoin_all()
    await until_joined(here, there, document_id)


async def test_who_else_has_a_document_is_known_from_what_they_say(start: Start) -> None:
    """Alone until somebody says that it opens it, and again when it has let it go."""
    here, there = await start(), await start()
    document_id = ids.new_id()
    here.peer_bus.join(document_id)
    await until_joined(there, here, document_id)
    here.peer_bus.leave(document_id)
    assert here.peer_bus.is_alone(document_id)

    here.peer_bus.join(document_id)
    there.peer_bus.join(document_id)

    async def greets() -> bool:
        there.peer_bus.announce_open(document_id, 7)
        return not here.peer_bus.is_alone(document_id)

    await eventually_async(greets)
    await here.until_heard({"type": "hello", "document_id": document_id, "last_seq": 7})
    assert there.peer_bus.is_alone(document_id)
    here.peer_bus.announce_present(document_id, 9)
    await there.until_heard({"type": "here", "document_id": document_id, "last_seq": 9})
    assert not there.peer_bus.is_alone(document_id)
    there.peer_bus.leave(document_id)
    await here.until_heard({"type": "gone", "document_id": document_id})
    assert here.peer_bus.is_alone(document_id)


async def test_others_who_have_said_nothing_for_long_are_believed_to_be_gone(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may have been killed, and then nobody says that they have left."""
    here, there = await start(), await start()
    document_id = ids.new_id()
    here.peer_bus.join(document_id)
    await until_joined(there, here, document_id)
    here.peer_bus.rejoin_all()
    assert not here.peer_bus.is_alone(document_id)
    monkeypatch.setattr(peer_bus, "PEER_TTL_S", 0.0)
    here.peer_bus.rejoin_all()
    assert here.peer_bus.is_alone(document_id)


async def test_layer_that_is_slow_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for it is bounded; more is dropped and counted, as the layer itself would."""
    monkeypatch.setattr(peer_bus, "_QUEUED_MESSAGES", 3)
    exchange, before = PeerBus(lambda message: None), lost()
    for _ in range(5):
        exchange.publish(say(ids.new_id()))
    assert lost() - before == 2


async def test_close_ends_both_loops(start: Start) -> None:
    """Nothing of it is left behind."""
    server = await start()
    await server.peer_bus.close()
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not names & {"peer-bus-send", "peer-bus-receive"}
