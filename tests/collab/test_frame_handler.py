"""What a client's frames ask for, and where they are stopped, on a room of the real log."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.roles import Role
from apps.collab import frame_handler as module
from apps.collab import protocol
from apps.collab.close_codes import FORBIDDEN
from apps.collab.frame_handler import FrameHandler, MalformedFrameError, TooFastError
from apps.collab.limits import Limits
from apps.collab.protocol import MAX_AWARENESS_ENTRIES, MAX_UNIQUE_ID_CHARS, AwarenessEntry
from apps.collab.room import Room
from apps.core.errors import InvalidInputError, LimitExceededError, TransientError
from apps.crdt.codec.lib0 import write_var_string
from tests.collab.authors import Writer
from tests.collab.conftest import MakeHouse
from tests.collab.rooms import log_of, until_quiet
from tests.collab.sockets import Socket

UPDATE = Writer().write("hi")
QUERY_AWARENESS = bytes((protocol.QUERY_AWARENESS,))


class Desk:
    """A client of a room: its frames go in here, what it is told lands in its socket."""

    def __init__(self, room: Room, limits: Limits, **options: Any) -> None:
        self.room = room
        self.socket = Socket(document_id=room.document_id, limits=limits, **options)
        self.tokens: list[str] = []
        self._inbound = FrameHandler(
            self.socket.session, room, limits=limits, on_token=self.tokens.append
        )

    @property
    def told(self) -> list[bytes]:
        """Return the frames on their way to it."""
        return list(self.socket.session._outbox or ())

    def handle(self, *frames: bytes) -> None:
        """Take its frames in."""
        for frame in frames:
            self._inbound.handle(frame)

    def operation(self, update: bytes = UPDATE, unique_id: str = "a") -> bytes:
        """Return an operation on this document."""
        return protocol.encode_operation(self.room.document_id, unique_id, b"\x00", update)


#: Makes a client of a new document: ``await sit_down(native=False, frames_per_s=5)``.
SitDown = Callable[..., Any]


@pytest.fixture
def sit_down(make_house: MakeHouse) -> SitDown:
    """Return how to become a client, of this kind and under these limits."""

    async def open_desk(*, native: bool = True, role: Role = Role.EDITOR, **limits: Any) -> Desk:
        house = make_house(**limits)
        return Desk(await house.open(), house.limits, native=native, role=role)

    return open_desk


async def test_operation_is_received_then_persisted(sit_down: SitDown) -> None:
    """Two acks: when it was read, and when it is in the log."""
    desk = await sit_down()
    desk.handle(desk.operation())
    assert desk.told == [protocol.encode_ack("a", protocol.STAGE_RECEIVED, 0)]
    await until_quiet(desk.room)
    assert desk.told[1:] == [protocol.encode_ack("a", protocol.STAGE_PERSISTED, 1)]


@pytest.mark.parametrize("encode", [protocol.encode_sync_update, protocol.encode_sync_step2])
async def test_stock_update_is_logged_without_a_word(
    encode: Callable[[bytes], bytes], sit_down: SitDown
) -> None:
    """An update, or the answer to our own question."""
    desk = await sit_down(native=False)
    desk.handle(encode(UPDATE))
    await until_quiet(desk.room)
    assert [operation.update for operation in log_of(desk.room)] == [UPDATE]
    assert desk.told == []


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize(
    "frame",
    [
        protocol.encode_ack("a", protocol.STAGE_PERSISTED, 1),
        protocol.encode_reject("a", "rejected", "no"),
        protocol.encode_permission_denied("no"),
        b"\x63",
        b"\x00\x03\x00",
    ],
    ids=["ack", "reject", "auth", "unknown type", "unknown sync step"],
)
async def test_frame_that_clients_do_not_send_is_malformed(
    frame: bytes, native: bool, sit_down: SitDown
) -> None:
    """Nobody plays the server."""
    desk = await sit_down(native=native)
    with pytest.raises(MalformedFrameError):
        desk.handle(frame)


def token_frame(token: str) -> bytes:
    """Return the frame that brings a new access token."""
    out = bytearray((protocol.TOKEN,))
    write_var_string(out, token)
    return bytes(out)


async def test_native_frames_of_a_stock_client_are_malformed(sit_down: SitDown) -> None:
    """It did not offer the subprotocol, so it gets no acks and sends nothing that needs one."""
    desk = await sit_down(native=False)
    for frame in (desk.operation(), token_frame("t")):
        with pytest.raises(MalformedFrameError):
            desk.handle(frame)
    assert desk.tokens == []


async def test_token_is_handed_on(sit_down: SitDown) -> None:
    """Who may judge it stands elsewhere."""
    desk = await sit_down()
    desk.handle(token_frame("new"))
    assert desk.tokens == ["new"]


async def test_question_who_is_here_is_answered_and_takes_no_more_words(sit_down: SitDown) -> None:
    """Trailing bytes are malformed in every frame, in the shortest as well."""
    desk = await sit_down()
    desk.handle(QUERY_AWARENESS)
    assert desk.told == [protocol.encode_awareness([])]
    with pytest.raises(InvalidInputError):
        desk.handle(QUERY_AWARENESS + b"\x00")


@pytest.mark.parametrize("unique_id", ["", "x" * (MAX_UNIQUE_ID_CHARS + 1)], ids=["none", "long"])
async def test_unique_id_out_of_bounds_is_malformed(unique_id: str, sit_down: SitDown) -> None:
    """An index entry of any length would be the sender's to choose."""
    desk = await sit_down()
    desk.handle(desk.operation(unique_id="x" * MAX_UNIQUE_ID_CHARS))
    with pytest.raises(InvalidInputError):
        desk.handle(desk.operation(unique_id=unique_id))


async def test_crowd_in_one_awareness_frame_is_malformed(sit_down: SitDown) -> None:
    """It is not even read to its end."""
    desk = await sit_down()
    crowd = [AwarenessEntry(n, 1, "{}") for n in range(MAX_AWARENESS_ENTRIES + 1)]
    with pytest.raises(InvalidInputError, match=str(MAX_AWARENESS_ENTRIES)):
        desk.handle(protocol.encode_awareness(crowd))
    assert desk.room.presence.entries() == []


async def test_broken_update_ends_a_stock_client_and_not_a_native_one(sit_down: SitDown) -> None:
    """Frame 102 needs a name to name; without one only the close code can tell."""
    native, stock = await sit_down(), await sit_down(native=False)
    native.handle(native.operation(UPDATE[:-1], "bad"))
    [rejected] = native.told
    assert rejected.startswith(protocol.encode_reject("bad", "malformed", "")[:-1])
    with pytest.raises(InvalidInputError):
        stock.handle(protocol.encode_sync_update(UPDATE[:-1]))


async def test_reader_may_tell_what_is_known_and_not_what_is_new(sit_down: SitDown) -> None:
    """A stock reader answers our question as all do; only what would change something ends it."""
    desk = await sit_down(native=False, role=Role.VIEWER)
    desk.handle(protocol.encode_sync_step2(b"\x00\x00"))
    assert desk.socket.session.close_code is None
    desk.handle(protocol.encode_sync_step2(UPDATE))
    assert desk.socket.session.close_code == FORBIDDEN
    assert not desk.room.queue


@pytest.mark.parametrize("native", [True, False])
async def test_update_over_its_size_is_refused_before_it_is_read(
    native: bool, sit_down: SitDown
) -> None:
    """The largest is taken; one byte more is not, be it an update or not."""
    desk = await sit_down(native=native, update_bytes=len(UPDATE))
    wrap = desk.operation if native else protocol.encode_sync_update
    desk.handle(wrap(UPDATE))
    with pytest.raises(LimitExceededError) as caught:
        desk.handle(wrap(b"\xff" * (len(UPDATE) + 1)))
    assert caught.value.extra == {"limit": "update_bytes", "value": len(UPDATE)}
    await until_quiet(desk.room)
    assert len(log_of(desk.room)) == 1


async def test_frame_over_its_size_is_refused_before_it_is_read(sit_down: SitDown) -> None:
    """The largest is taken; one byte more is not."""
    largest = protocol.encode_sync_update(UPDATE)
    desk = await sit_down(frame_bytes=len(largest))
    desk.handle(largest)
    with pytest.raises(LimitExceededError) as caught:
        desk.handle(b"\xff" * (len(largest) + 1))
    assert caught.value.extra == {"limit": "frame_bytes", "value": len(largest)}


class Clock:
    """A ``time`` that a test moves."""

    now = 0.0

    def monotonic(self) -> float:
        """Return it."""
        return self.now


async def test_flood_of_frames_is_stopped_within_the_second(
    sit_down: SitDown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of whatever kind, the malformed ones too; in the next second all is as before."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    desk = await sit_down(frames_per_s=5)
    for clock.now in (100.0, 101.9):
        desk.handle(*[QUERY_AWARENESS] * 4)
        with pytest.raises(InvalidInputError):
            desk.handle(b"")
        with pytest.raises(TooFastError):
            desk.handle(QUERY_AWARENESS)


async def test_edits_faster_than_the_disk_are_refused_for_now(sit_down: SitDown) -> None:
    """The sender is told to come back, and what waits already is stored."""
    desk = await sit_down(native=False, queue_bytes=3 * len(UPDATE))
    frame = protocol.encode_sync_update(UPDATE)
    desk.handle(frame, frame, frame)
    with pytest.raises(TransientError):
        desk.handle(frame)
    await until_quiet(desk.room)
    assert len(log_of(desk.room)) == 1
