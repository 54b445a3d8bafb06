"""A room on the real log: commits, conflicts, failures, and the order of answers."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pycrdt
import pytest

from apps.collab import fanout, protocol
from apps.collab.close_codes import TRY_AGAIN
from apps.collab.protocol import AwarenessEntry
from apps.collab.room import Room, RoomGoneError
from apps.core.errors import TransientError
from apps.crdt.codec.lib0 import Decoder
from apps.history.recovery import document_load
from apps.oplog.leases import Leases
from apps.oplog.models import operation_rows
from tests.collab.authors import Author, Breaking, Writer, submission, text_of
from tests.collab.conftest import MakeHouse
from tests.collab.rooms import House, log_of, until_quiet
from tests.collab.sockets import Socket
from tests.support.eventually import eventually_async
from tests.support.operations import Scribe


def assert_equals_the_log(room: Room) -> None:
    """Compare memory and log: the same content, vector and seq."""
    replayed = document_load(document_id=room.document_id)
    assert room.live.seq == replayed.seq
    assert room.live.vector == replayed.vector
    assert text_of(room.live.document) == text_of(replayed.engine)


async def is_queued(frame: bytes, socket: Socket) -> bool:
    """Return whether a frame is queued for a socket."""
    return frame in (socket.session._outbox or ())


async def test_edits_submitted_at_once_are_one_commit(room: Room) -> None:
    """All are acknowledged, and in the log in their order."""
    author, writer = Author(), Writer()
    for number in range(3):
        room.submit(submission(writer.write(f"{number} "), author, f"op-{number}"))
    await until_quiet(room)
    assert author.persisted == [("op-0", 1), ("op-1", 2), ("op-2", 3)]
    assert [operation.unique_id for operation in log_of(room)] == ["op-0", "op-1", "op-2"]
    assert_equals_the_log(room)


async def test_update_that_breaks_the_engine_is_refused_alone(room: Room) -> None:
    """The room rebuilds its document; the other edits of the batch are stored."""
    author, other, writer = Author(), Author(), Writer()
    bad = submission(Writer().write("bad"), author, "bad")
    room.live.loaded.engine = Breaking(room.live.document, bad.update)
    room.submit(submission(writer.write("good "), other, "good"))
    room.submit(bad)
    room.submit(submission(writer.write("after"), other, "after"))
    await until_quiet(room)
    assert not room.gone
    [(unique_id, error)] = author.rejected
    assert (unique_id, error.code) == ("bad", "rejected")
    assert other.persisted == [("good", 1), ("after", 2)]
    assert_equals_the_log(room)


async def test_joining_session_gets_sync_step_1_and_then_only_stored_edits(room: Room) -> None:
    """A sync requested during a commit is answered after it (docs/invariants.md, 1)."""
    socket, writer = Socket(document_id=room.document_id), Writer()
    room.join(socket.session)
    room.submit(submission(writer.write("hi"), Author(), "a"))
    room.sync(socket.session, b"\x00")
    await until_quiet(room)
    first, *_operation, last = await socket.finish()
    assert first == protocol.encode_sync_step1(b"\x00")
    decoder = Decoder(last)
    assert (decoder.var_uint(), decoder.var_uint()) == (protocol.SYNC, protocol.SYNC_STEP2)
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    content = doc.get("content", type=pycrdt.Text)
    doc.apply_update(decoder.var_bytes())
    assert str(content) == "hi"
    room.leave(socket.session)


async def test_repeated_sync_requests_are_answered_once(room: Room) -> None:
    """An answer is as large as the document: repeated requests must not keep the server busy."""
    socket, writer = Socket(document_id=room.document_id), Writer()
    room.join(socket.session)
    room.submit(submission(writer.write("hi"), Author(), "a"))
    for _ in range(100):
        room.sync(socket.session, b"\x00")
    room.sync(socket.session, writer.doc.get_state())
    await until_quiet(room)
    _question, _operation, *answers = await socket.finish()
    assert answers == [protocol.encode_sync_step2(b"\x00\x00")]
    room.leave(socket.session)


async def test_full_state_is_encoded_once_until_the_next_edit(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many sessions that join at once cost one encoding, which is cached for a short time."""
    writer = Writer()

    async def come() -> bytes:
        socket = Socket(document_id=room.document_id)
        room.join(socket.session)
        room.sync(socket.session, b"\x00")
        await until_quiet(room)
        room.leave(socket.session)
        return (await socket.finish())[-1]

    room.submit(submission(writer.write("one "), Author(), "a"))
    first, second = await come(), await come()
    assert first is second
    monkeypatch.setattr(fanout, "FULL_STATE_TTL_S", 0.02)
    room.submit(submission(writer.write("two"), Author(), "b"))
    third = await come()
    assert third == protocol.encode_sync_step2(writer.doc.get_update())

    async def is_dropped() -> bool:
        return room.fanout._full_state is None

    await eventually_async(is_dropped)


async def test_native_author_is_not_sent_its_own_operation(room: Room) -> None:
    """The ack is enough; others get the operation, stock clients a sync update."""
    native, reader = Socket(), Socket()
    stock = Socket(native=False)
    for socket in (native, reader, stock):
        room.join(socket.session)
    update = Writer().write("hi")
    written = submission(update, native.session, "a")  # type: ignore[arg-type]
    room.submit(written)
    await until_quiet(room)
    for socket in (native, reader, stock):
        await socket.finish()
        room.leave(socket.session)
    assert native.frames[1:] == [protocol.encode_ack("a", protocol.STAGE_PERSISTED, 1)]
    assert [frame[0] for frame in reader.frames[1:]] == [protocol.OPERATION]
    assert stock.frames[1:] == [protocol.encode_sync_update(update)]


async def test_log_that_is_ahead_is_merged_first(house: House, room: Room) -> None:
    """Another server's edits come first, then the room's own, each once."""
    scribe = Scribe(room.document_id)
    operation_rows().insert_many([operation.to_row() for operation in scribe.write_many(2)])
    author, socket = Author(), Socket()
    room.join(socket.session)
    room.submit(submission(Writer().write("ours"), author, "ours"))
    await until_quiet(room)
    assert author.persisted == [("ours", 3)]
    assert [operation.seq for operation in log_of(room)] == [1, 2, 3]
    assert_equals_the_log(room)
    await socket.finish()
    assert len(socket.frames) == 1 + 3
    room.leave(socket.session)


async def test_operation_that_another_server_stored_is_a_duplicate(room: Room) -> None:
    """An operation sent to both servers is stored once, and answered with its seq."""
    update, author = Writer().write("once"), Author()
    stored = replace(Scribe(room.document_id).write("x"), unique_id="once", update=update)
    operation_rows().insert_one(stored.to_row())
    room.submit(submission(update, author, "once"))
    await until_quiet(room)
    assert author.duplicates == [("once", 1)]
    assert author.persisted == []
    assert len(log_of(room)) == 1
    assert_equals_the_log(room)


async def test_other_edit_with_a_used_unique_id_leaves_no_trace(room: Room) -> None:
    """The log refuses it after the merge in memory, so the document is rebuilt."""
    operation_rows().insert_one(Scribe(room.document_id).write("first", unique_id="u").to_row())
    author, other = Author(), Author()
    room.submit(submission(Writer().write("second"), author, "u"))
    room.submit(submission(Writer().write("good"), other, "v"))
    await until_quiet(room)
    assert author.duplicates == [("u", 1)]
    assert other.persisted == [("v", 2)]
    assert "second" not in text_of(room.live.document)
    assert_equals_the_log(room)


async def test_log_that_fails_discards_the_room(house: House, room: Room) -> None:
    """It is unknown which edits are stored: sessions reconnect, and clients repeat their edits."""
    author, socket = Author(), Socket()
    room.join(socket.session)
    await house.committer.close()
    room.submit(submission(Writer().write("lost?"), author, "a"))
    await until_quiet(room)
    assert room.gone
    assert house.forgotten == [room]
    assert socket.session.close_code == TRY_AGAIN
    [(unique_id, error)] = author.rejected
    assert unique_id == "a"
    assert isinstance(error, TransientError)
    with pytest.raises(RoomGoneError):
        room.submit(submission(Writer().write("later"), author, "b"))


async def test_queue_that_is_full_refuses_for_now(room: Room) -> None:
    """The queue is bounded; after the commit edits are accepted again."""
    writer, author = Writer(), Author()
    room.submit(submission(writer.write("x" * 100), author, "a"))
    late = submission(writer.write("x" * 100), author, "b")
    with pytest.raises(TransientError, match="faster"):
        room.submit(late)
    await until_quiet(room)
    room.submit(late)
    await until_quiet(room)
    assert author.persisted == [("a", 1), ("b", 2)]


async def test_batch_over_its_size_is_continued_in_the_next_one(make_house: MakeHouse) -> None:
    """Otherwise all updates of one stock client would become one operation larger than a commit."""
    room = await make_house(batch_bytes=60).open()
    author, writer = Author(), Writer()
    updates = [writer.write("x" * 20) for _ in range(4)]
    for update in updates:
        room.submit(submission(update, author))
    await until_quiet(room)
    assert max(len(operation.update) for operation in log_of(room)) < sum(map(len, updates)) / 2
    assert_equals_the_log(room)


async def test_lock_that_another_server_keeps_ends_the_wait(make_house: MakeHouse) -> None:
    """The edit is refused for now, and nothing of it is stored."""
    other = Leases("another server")
    room = await make_house(lock_wait_s=0.05).open()
    other.hold(room.document_id)
    author = Author()
    room.submit(submission(Writer().write("hi"), author, "a"))
    await until_quiet(room)
    [(unique_id, error)] = author.rejected
    assert (unique_id, error.code) == ("a", "unavailable")
    assert room.gone
    assert log_of(room) == []
    other.release_all()


async def test_edit_whose_cause_never_comes_is_refused(make_house: MakeHouse) -> None:
    """After a while its author is asked to reconnect, and its bytes are free again."""
    room = await make_house(pending_age_s=10).open()
    author, writer = Author(), Writer()
    writer.write("never sent")
    room.submit(submission(writer.write("hole"), author, "hole"))
    await until_quiet(room)
    now = time.monotonic()
    room.tick(at=now + 5)
    assert author.rejected == []
    room.tick(at=now + 11)
    [(unique_id, error)] = author.rejected
    assert (unique_id, error.code) == ("hole", "unavailable")
    assert room.live.pending.size_bytes == 0


async def test_stock_client_gets_signs_of_life(room: Room) -> None:
    """y-websocket connects again after 30 s without a message; a page of ours asks by itself."""
    stock, native = Socket(native=False), Socket()
    for socket in (stock, native):
        room.join(socket.session)
    now = time.monotonic()
    for at in range(0, 31, 4):
        room.tick(at=now + at)
    for socket in (stock, native):
        await socket.finish()
        room.leave(socket.session)
    assert stock.frames[1:] == [protocol.encode_awareness([])] * 2
    assert native.frames[1:] == []


async def test_people_of_a_server_that_died_leave(make_house: MakeHouse) -> None:
    """States that another server does not renew are removed, and the sessions here are notified."""
    room = await make_house(presence_age_s=10).open()
    socket = Socket(document_id=room.document_id)
    room.join(socket.session)
    room.apply_remote_presence(
        [AwarenessEntry(9, 1, '{"user":{"id":"2","username":"grace","name":"Grace"}}')]
    )
    room.tick(at=time.monotonic() + 11)
    farewell = protocol.encode_awareness([AwarenessEntry(9, 1, "null")])
    await eventually_async(lambda: is_queued(farewell, socket))
    assert room.presence.entries() == []
    room.leave(socket.session)


async def test_quiet_room_releases_its_lock(house: House, room: Room) -> None:
    """Another server may write at once, without waiting for the lease."""
    room.submit(submission(Writer().write("hi"), Author(), "a"))
    await until_quiet(room)
    other = Leases("another server")

    async def is_free() -> bool:
        return not house.committer._leases.holds(room.document_id)

    await eventually_async(is_free)
    assert other.hold(room.document_id).value == "acquired"
    other.release_all()


async def test_two_servers_hand_the_lock_over(room: Room, make_house: MakeHouse) -> None:
    """Each requests the lock; both writers are stored, in one order without a gap."""
    second = await make_house(lock_wait_s=30, lock_idle_s=0.05).open(room.document_id)
    one, two = Author(), Author()
    room.submit(submission(Writer().write("one"), one, "one"))
    second.submit(submission(Writer().write("two"), two, "two"))
    await asyncio.gather(until_quiet(room), until_quiet(second))
    assert sorted([*one.persisted, *two.persisted], key=lambda pair: pair[1]) == [
        (name, seq) for seq, name in enumerate((op.unique_id for op in log_of(room)), start=1)
    ]


async def test_room_knows_when_it_is_idle(room: Room) -> None:
    """It is idle without sessions and work, since a known time."""
    assert room.is_idle
    socket = Socket()
    room.join(socket.session)
    assert not room.is_idle
    assert room.idle_since is None
    room.leave(socket.session)
    assert room.is_idle
    assert room.idle_since is not None
