"""The rooms of one process: their number, their lifetime, loading, and repair of lost messages."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import redis
from django.conf import settings

from apps.collab import protocol
from apps.collab.cadence import MAX_SLOWDOWN
from apps.collab.close_codes import GOING_DOWN, GoingDownError
from apps.collab.limits import Limits
from apps.collab.room import Room
from apps.collab.runtime import Runtime
from apps.core import ids
from apps.core.errors import TransientError
from apps.core.mongo import ANSWER_WAIT_MS
from apps.oplog.leases import Leases
from apps.oplog.publisher import Publisher, close_shared_publisher
from tests.collab.authors import Author, Writer, submission, text_of
from tests.collab.rooms import write_elsewhere
from tests.collab.sockets import Socket
from tests.support.control import paused
from tests.support.documents import make_document
from tests.support.eventually import eventually_async
from tests.support.launcher import Launched
from tests.support.operations import Scribe

#: Starts a server with limits of its own: ``await start(rooms=2)``.
Start = Callable[..., Any]


@pytest.fixture(scope="module")
def kafka() -> Iterator[None]:
    """Close the producer that all servers of this process share."""
    yield
    close_shared_publisher()


@pytest.fixture
async def start(kafka: None) -> AsyncIterator[Start]:
    """Return a factory of servers; each is closed in order."""
    async with AsyncExitStack() as servers:

        async def begin(**limits: Any) -> Runtime:
            runtime = Runtime(Limits(**limits))
            await runtime.start()

            async def listens() -> bool:
                return runtime.rights.changes > 0

            # The first notice checks the rights of all sessions: there must be none yet.
            await eventually_async(listens)
            servers.push_async_callback(end, runtime)
            return runtime

        yield begin


async def end(runtime: Runtime) -> None:
    """Close a server in order, unless a test has done so."""
    if not runtime.closing:
        await runtime.close()


async def open_room(runtime: Runtime, document_id: str | None = None) -> Room:
    """Open a document, by default a new one."""
    return await runtime.room(document_id or ids.new_id(), lineage="l")


def enter(room: Room) -> Socket:
    """Admit a session."""
    socket = Socket(document_id=room.document_id)
    room.join(socket.session)
    return socket


async def test_busy_server_tells_its_pages_to_send_less_often(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And as often as before when it is idle again."""
    share = 1.0
    worked_s = at = time.monotonic()

    def process_time() -> float:
        nonlocal worked_s, at
        before, at = at, time.monotonic()
        worked_s += share * (at - before)
        return worked_s

    monkeypatch.setattr("apps.collab.runtime.LOAD_INTERVAL_S", 0.01)
    monkeypatch.setattr(time, "process_time", process_time)
    runtime = await start()
    room = await open_room(runtime)
    ada, _ = enter(room), enter(room)

    async def interval_is(interval_ms: int) -> bool:
        return bool(ada.events) and ada.events[-1]["interval_ms"] == interval_ms

    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(ada.session.write())
        await eventually_async(lambda: interval_is(84 * MAX_SLOWDOWN))
        share = 0.0
        await eventually_async(lambda: interval_is(84))
        writing.cancel()


async def test_document_opened_twice_at_once_is_one_room(start: Start) -> None:
    """Two rooms of one document in one process would not see each other's edits."""
    runtime, document_id = await start(), ids.new_id()
    rooms = await asyncio.gather(*(open_room(runtime, document_id) for _ in range(3)))
    assert len(set(rooms)) == 1
    assert await open_room(runtime, document_id) is rooms[0]


async def test_idle_document_leaves_the_memory(start: Start) -> None:
    """An empty room stays for its idle time; a room with sessions stays."""
    runtime = await start(idle_room_ttl_s=0.3, gap_check_interval_s=0.02)
    read = await open_room(runtime)
    enter(read)
    left = await open_room(runtime)
    left.submit(submission(Writer().write("hi"), Author(), "a"))

    async def is_gone() -> bool:
        return left.gone

    await eventually_async(is_gone)
    assert not read.gone
    again = await open_room(runtime, left.document_id)
    assert again is not left
    assert text_of(again.live.document) == "hi"


async def test_document_over_the_limit_evicts_the_longest_idle_one(start: Start) -> None:
    """Opening all documents one after the other costs no more than the limit."""
    runtime = await start(rooms=2)
    older, newer = await open_room(runtime), await open_room(runtime)
    await open_room(runtime)
    assert older.gone
    assert not newer.gone


async def test_documents_opened_at_once_stay_within_the_limit(start: Start) -> None:
    """One idle document makes place for one, not for several at the same time."""
    runtime = await start(rooms=2)
    enter(await open_room(runtime))
    await open_room(runtime)
    crowd = await asyncio.gather(*(open_room(runtime) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(answer, Room) for answer in crowd) == 1
    refused = [answer for answer in crowd if isinstance(answer, TransientError)]
    assert [error.extra for error in refused] == [{"limit": "rooms"}] * 9


async def test_store_timeout_ends_the_admission(
    start: Start, services: Launched, publisher: Publisher
) -> None:
    """The client is asked to retry; an empty document would be wrong."""
    scribe = Scribe()
    write_elsewhere(scribe.write_many(2), publisher)
    hasty, patient = await start(load_wait_s=0.1), await start()
    async with asyncio.timeout(ANSWER_WAIT_MS / 1000 / 2):  # the store's own timeout is longer
        with paused(services, "mongo"), pytest.raises(TransientError):
            await open_room(hasty, scribe.document_id)
    assert hasty._rooms == {}
    room = await open_room(patient, scribe.document_id)
    assert text_of(room.live.document) == scribe.text


async def test_lost_broadcast_is_read_from_the_log(start: Start, publisher: Publisher) -> None:
    """The room compares its seq with the stored one periodically."""
    runtime, scribe = await start(gap_check_interval_s=0.02), Scribe()
    make_document(scribe.document_id)
    room = await open_room(runtime, scribe.document_id)
    socket = enter(room)
    write_elsewhere(scribe.write_many(3), publisher)

    async def is_repaired() -> bool:
        return room.live.seq == 3

    await eventually_async(is_repaired)
    assert text_of(room.live.document) == scribe.text
    _question, *received = await socket.finish()
    assert [frame[0] for frame in received] == [protocol.OPERATION] * 3


async def test_edits_cost_a_message_only_if_another_server_has_the_document(
    start: Start,
) -> None:
    """Usually none has. A server that opens it gets the edits at once, not at the next check."""
    runtime, writer, author = await start(gap_check_interval_s=600), Writer(), Author()
    room = await open_room(runtime)

    async def write(text: str) -> int:
        """Write, and return the number of messages until the edit was durable and broadcast."""
        before = messages_sent()
        room.submit(submission(writer.write(text), author, text))

        async def is_received() -> bool:
            is_sent = bool(runtime._peer_bus._outgoing._getters)
            return (text, room.live.seq) in author.persisted and is_sent

        await eventually_async(is_received)
        return messages_sent() - before

    await write("a")  # and before it the announcement
    assert [await write(text) for text in "bc"] == [0, 0]
    other = await start(gap_check_interval_s=600)
    elsewhere = await open_room(other, room.document_id)

    async def is_known() -> bool:
        return not runtime._peer_bus.is_alone(room.document_id)

    await eventually_async(is_known)
    await write("d")

    async def is_heard() -> bool:
        return elsewhere.live.seq == 4

    await eventually_async(is_heard)
    assert text_of(elsewhere.live.document) == "abcd"


async def test_edits_during_the_opening_on_another_server_reach_it(
    start: Start, publisher: Publisher
) -> None:
    """Nothing was sent while the room was alone: the answer to the announcement has its seq."""
    runtime, scribe = await start(gap_check_interval_s=600), Scribe()
    write_elsewhere(scribe.write_many(2), publisher)
    other = await start(gap_check_interval_s=600)
    elsewhere = await open_room(other, scribe.document_id)
    write_elsewhere(scribe.write_many(3), publisher)
    await open_room(runtime, scribe.document_id)

    async def is_received() -> bool:
        return elsewhere.live.seq == 5

    await eventually_async(is_received)


def messages_sent() -> int:
    """Return the number of messages over the channel layer: one script call each."""
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        counts: dict[str, dict[str, int]] = server.info("commandstats")
    return sum(counts.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha"))


async def test_stopping_server_commits_queued_edits_and_refuses_new_ones(
    start: Start,
) -> None:
    """Later clients are asked to retry; sessions continue elsewhere (1012)."""
    runtime, other, writer = await start(), Leases("another server"), Writer()
    room = await open_room(runtime)
    socket, author = enter(room), Author()
    other.hold(room.document_id)
    room.submit(submission(writer.write("x"), author, "in flight"))

    async def is_in_flight() -> bool:
        return bool(room.queue.in_hand)

    await eventually_async(is_in_flight)
    room.submit(submission(writer.write("y"), author, "later"))
    closing = asyncio.create_task(runtime.close())

    async def is_closing() -> bool:
        return room._closing

    await eventually_async(is_closing)
    with pytest.raises(GoingDownError):
        room.submit(submission(writer.write("z"), author, "too late"))
    other.release_all()
    await closing
    assert author.persisted == [("in flight", 1), ("later", 2)]
    assert socket.session.close_code == GOING_DOWN
    with pytest.raises(TransientError):
        await open_room(runtime)
