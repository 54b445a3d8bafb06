"""Messages between rooms of several servers, over the real channel layer, which may lose them."""

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
    """The peer bus of one process, and the messages that it received."""

    def __init__(self) -> None:
        self.received: list[Message] = []
        self.peer_bus = PeerBus(self._on_message)

    async def until_received(self, message: Message) -> None:
        """Wait until a message has been received."""

        async def has_come() -> bool:
            return any(received.items() >= message.items() for received in self.received)

        await eventually_async(has_come)

    def _on_message(self, message: Message) -> None:
        self.received.append(message)
        if message["type"] == "nonsense":
            raise ValueError("not understood")


#: Starts another server with its peer bus.
Start = Callable[[], Any]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Return a factory of servers, each with a peer bus."""
    async with AsyncExitStack() as servers:

        async def begin() -> Server:
            server = Server()
            await server.peer_bus.start()
            servers.push_async_callback(server.peer_bus.close)
            return server

        yield begin


def presence_message(document_id: str, text: str = "hello") -> Message:
    """Return a message about a document."""
    return {"type": "presence", "document_id": document_id, "text": text}


def lost() -> float:
    """Return the number of this process's messages that the channel layer dropped."""
    return REGISTRY.get_sample_value("scriptorium_broadcast_failed_total") or 0


async def test_operations_arrive_as_they_were(start: Start) -> None:
    """Unchanged byte for byte, with their times, at each server that has the document open."""
    here, there = await start(), await start()
    scribe = Scribe()
    there.peer_bus.join(scribe.document_id)
    operations = scribe.write_many(3)
    message = operations_message(operations)
    assert message["last_seq"] == 3
    await until_joined(here, there, scribe.document_id)
    here.peer_bus.publish(message)
    await there.until_received(message)
    assert operations_of(there.received[-1]) == operations


async def until_joined(here: Server, there: Server, document_id: str) -> None:
    """Publish until the other server receives it: joining is asynchronous."""
    text = ids.new_id()

    async def is_received() -> bool:
        here.peer_bus.publish(presence_message(document_id, text))
        return any(received.get("text") == text for received in there.received)

    await eventually_async(is_received)


async def test_own_messages_are_not_received_nor_any_after_leaving(start: Start) -> None:
    """The publisher has the edits, and a closed document must not be woken by others."""
    here, there = await start(), await start()
    document_id, other_id = ids.new_id(), ids.new_id()
    for server in (here, there):
        server.peer_bus.join(document_id)
    await until_joined(here, there, document_id)
    there.peer_bus.leave(document_id)
    there.peer_bus.join(other_id)
    await until_joined(here, there, other_id)
    here.peer_bus.publish(presence_message(document_id, "still here?"))
    here.peer_bus.publish(presence_message(other_id, "the last word"))
    await there.until_received(presence_message(other_id, "the last word"))
    assert "still here?" not in [message["text"] for message in there.received]
    await here.until_received({"type": "gone", "document_id": document_id})
    assert [message["type"] for message in here.received] == ["gone"]


def test_large_batch_is_only_announced() -> None:
    """The channel layer keeps messages in memory; the log has the operations."""
    scribe = Scribe()
    operations = [scribe.write("x" * 200_000), scribe.write("y" * 200_000)]
    message = operations_message(operations)
    assert (message["last_seq"], operations_of(message)) == (2, [])
    assert operations_of(operations_message(operations[:1])) == operations[:1]


async def test_unreadable_message_is_counted_and_the_next_one_received(
    start: Start,
) -> None:
    """Another server may run another version."""
    here, there = await start(), await start()
    document_id = ids.new_id()
    there.peer_bus.join(document_id)
    await until_joined(here, there, document_id)
    before = REGISTRY.get_sample_value("scriptorium_loop_errors_total", {"loop": "exchange"}) or 0
    here.peer_bus.publish({"type": "nonsense", "document_id": document_id})
    here.peer_bus.publish(presence_message(document_id, "sense"))
    await there.until_received(presence_message(document_id, "sense"))
    after = REGISTRY.get_sample_value("scriptorium_loop_errors_total", {"loop": "exchange"})
    assert after == before + 1


async def test_memberships_that_redis_has_forgotten_are_renewed(start: Start) -> None:
    """Redis may be flushed, or be stopped for a day."""
    here, there = await start(), await start()
    document_id = ids.new_id()
    there.peer_bus.join(document_id)
    await until_joined(here, there, document_id)
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        assert server.delete(f"scriptorium:group:document.{document_id}") == 1
    there.peer_bus.rejoin_all()
    await until_joined(here, there, document_id)


async def test_peers_of_a_document_are_known_from_their_messages(start: Start) -> None:
    """A server is alone until another announces the document, and again after that one has left."""
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
    await here.until_received({"type": "hello", "document_id": document_id, "last_seq": 7})
    assert there.peer_bus.is_alone(document_id)
    here.peer_bus.announce_present(document_id, 9)
    await there.until_received({"type": "here", "document_id": document_id, "last_seq": 9})
    assert not there.peer_bus.is_alone(document_id)
    there.peer_bus.leave(document_id)
    await here.until_received({"type": "gone", "document_id": document_id})
    assert here.peer_bus.is_alone(document_id)


async def test_silent_peer_expires(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed server announces no end."""
    here, there = await start(), await start()
    document_id = ids.new_id()
    here.peer_bus.join(document_id)
    await until_joined(there, here, document_id)
    here.peer_bus.rejoin_all()
    assert not here.peer_bus.is_alone(document_id)
    monkeypatch.setattr(peer_bus, "PEER_TTL_S", 0.0)
    here.peer_bus.rejoin_all()
    assert here.peer_bus.is_alone(document_id)


async def test_slow_channel_layer_delays_no_edit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue for it is bounded; further messages are dropped and counted."""
    monkeypatch.setattr(peer_bus, "_QUEUED_MESSAGES", 3)
    bus, before = PeerBus(lambda message: None), lost()
    for _ in range(5):
        bus.publish(presence_message(ids.new_id()))
    assert lost() - before == 2


async def test_close_ends_both_loops(start: Start) -> None:
    """No task is left."""
    server = await start()
    await server.peer_bus.close()
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not names & {"peer-bus-send", "peer-bus-receive"}


async def test_one_cancellation_ends_both_loops_though_the_layer_makes_an_error_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As at the end of an event loop, which cancels each task once and waits for all."""
    bus = PeerBus(lambda message: None)
    waits: set[str] = set()

    def is_lost_with(name: str) -> Callable[..., Any]:
        async def wait(*_: object) -> None:
            waits.add(name)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ConnectionError("closed") from None

        return wait

    for name in ("receive", "group_send"):
        monkeypatch.setattr(bus._layer, name, is_lost_with(name))
    await bus.start()
    bus.publish(presence_message(ids.new_id()))

    async def both_wait() -> bool:
        return len(waits) == 2

    await eventually_async(both_wait)
    for task in bus._tasks:
        task.cancel()
    assert (await asyncio.wait(bus._tasks, timeout=5))[1] == set()
