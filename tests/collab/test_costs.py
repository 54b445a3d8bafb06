"""The countable costs of an edit: round trips, calls, retained objects.

None of them depends on the load of the machine. A commit that raises a bound names the reason.
"""

import gc
import itertools
import sys
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pytest

from apps.collab import protocol
from apps.collab.frame_handler import FrameHandler
from apps.collab.room import Room
from apps.core import ids
from apps.oplog.publisher import Publisher
from tests.collab.authors import Author, Writer, submission
from tests.collab.conftest import MakeHouse
from tests.collab.rooms import until_quiet
from tests.collab.sockets import Socket
from tests.support.commands import commands_of_all_threads

#: Calls, of Python and of C functions, for a stock client's keystroke from its frame to the draft
#: of an operation: half of them are reading the update. Counted with CPython 3.11.
KEYSTROKE_CALLS = 114
#: Objects per operation that may remain once it and the next thousands are stored.
KEPT_BLOCKS = 0.5


@pytest.fixture
async def roomy(make_house: MakeHouse) -> Room:
    """Return the room of a new document with default limits; it keeps its lock."""
    return await make_house(lock_idle_s=600).open()


@dataclass(frozen=True)
class Cost:
    """The cost of a batch: MongoDB commands by name, messages to other servers."""

    commands: list[str]
    messages: int


async def _commit(room: Room, writer: Writer, count: int) -> Cost:
    """Store so many edits in one batch; return the cost."""
    author = Author()
    batch = [submission(writer.write("x"), author, ids.new_id()) for _ in range(count)]
    with commands_of_all_threads() as commands:
        for draft in batch:
            room.submit(draft)
        await until_quiet(room)
    assert len(author.persisted) == count
    return Cost(commands, _messages(room))


def _messages(room: Room) -> int:
    """Empty the queue of the channel layer, which nothing sends here; return its length."""
    waiting = room._context.peer_bus._outgoing
    count = waiting.qsize()
    for _ in range(count):
        waiting.get_nowait()
    return count


async def test_batch_takes_as_many_round_trips_as_one_edit(roomy: Room) -> None:
    """One command, no message unless another server has the document open, then Kafka's mark."""
    writer = Writer()
    await _commit(roomy, writer, 1)  # and the lock's
    for count in (1, 10, 500):
        cost = await _commit(roomy, writer, count)
        assert set(cost.commands) <= {"bulkWrite", "update"}
        assert cost.commands.count("bulkWrite") == 1
        assert len(cost.commands) <= 5, (count, cost.commands)
        assert cost.messages == 0


async def test_keystroke_stays_within_its_number_of_calls(roomy: Room) -> None:
    """From the frame to the draft, without clock and network."""
    socket, writer = Socket(document_id=roomy.document_id, native=False), Writer()
    inbound = FrameHandler(
        socket.session, roomy, limits=roomy.live._limits, on_token=lambda _: None
    )
    frames = [protocol.encode_sync_update(writer.write("x")) for _ in range(400)]
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    for frame in frames[:200]:
        inbound.handle(frame)
    await until_quiet(roomy)
    sys.setprofile(count)
    try:
        for frame in frames[200:]:
            inbound.handle(frame)
        roomy.live.prepare(roomy.queue.take_batch(), at=0.0)
    finally:
        sys.setprofile(None)
    for_each = calls / 200
    assert KEYSTROKE_CALLS * 0.7 < for_each < KEYSTROKE_CALLS * 1.2, for_each


async def test_room_keeps_no_objects_of_stored_operations(
    roomy: Room, publisher: Publisher
) -> None:
    """Except for the last thousands of unique ids that it remembers.

    A leak of stored operations shows in every run; other objects do not.
    """
    writer = Writer()
    blocks = []
    for _ in range(4):
        for _ in range(6):
            await _commit(roomy, writer, 500)
        publisher.flush(10)
        gc.collect()
        blocks.append(sys.getallocatedblocks())
    kept = min(after - before for before, after in itertools.pairwise(blocks)) / 3000
    assert kept < KEPT_BLOCKS, kept
