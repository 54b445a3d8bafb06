"""Handling of a client's frames and their refusals, on a room of the real log."""

from collections.abc import Callable
from contextlib import nullcontext
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
from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.codec.vectors import encode_vector
from tests.collab.authors import Writer
from tests.collab.conftest import MakeHouse
from tests.collab.rooms import log_of, until_quiet
from tests.collab.sockets import Socket

UPDATE = Writer().write("hi")
QUERY_AWARENESS = bytes((protocol.QUERY_AWARENESS,))


class FrameClient:
    """A client of a room: takes its frames, and collects the answers in its socket."""

    def __init__(self, room: Room, limits: Limits, **options: Any) -> None:
        self.room = room
        self.socket = Socket(document_id=room.document_id, limits=limits, **options)
        self.tokens: list[str] = []
        self._frame_handler = FrameHandler(
            self.socket.session, room, limits=limits, on_token=self.tokens.append
        )

    @property
    def answers(self) -> list[bytes]:
        """Return the frames that are queued for the client."""
        return list(self.socket.session._outbox or ())

    def handle(self, *frames: bytes) -> None:
        """Handle frames of the client."""
        for frame in frames:
            self._frame_handler.handle(frame)

    def operation(self, update: bytes = UPDATE, unique_id: str = "a") -> bytes:
        """Return an operation on this document."""
        return protocol.encode_operation(self.room.document_id, unique_id, b"\x00", update)


#: Makes a client of a new document: ``await make_client(native=False, frames_per_s=5)``.
MakeClient = Callable[..., Any]


@pytest.fixture
def make_client(make_house: MakeHouse) -> MakeClient:
    """Return a factory of clients of a chosen kind with chosen limits."""

    async def open_client(
        *, native: bool = True, role: Role = Role.EDITOR, **limits: Any
    ) -> FrameClient:
        house = make_house(**limits)
        return FrameClient(await house.open(), house.limits, native=native, role=role)

    return open_client


async def test_operation_is_received_then_persisted(make_client: MakeClient) -> None:
    """Two acks: one after reading, one once it is in the log."""
    client = await make_client()
    client.handle(client.operation())
    assert client.answers == [protocol.encode_ack("a", protocol.STAGE_RECEIVED, 0)]
    await until_quiet(client.room)
    assert client.answers[1:] == [protocol.encode_ack("a", protocol.STAGE_PERSISTED, 1)]


@pytest.mark.parametrize("encode", [protocol.encode_sync_update, protocol.encode_sync_step2])
async def test_stock_update_is_logged_without_an_answer(
    encode: Callable[[bytes], bytes], make_client: MakeClient
) -> None:
    """An update, or the answer to the server's own sync step 1."""
    client = await make_client(native=False)
    client.handle(encode(UPDATE))
    await until_quiet(client.room)
    assert [operation.update for operation in log_of(client.room)] == [UPDATE]
    assert client.answers == []


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
    frame: bytes, native: bool, make_client: MakeClient
) -> None:
    """A client cannot send the server's frames."""
    client = await make_client(native=native)
    with pytest.raises(MalformedFrameError):
        client.handle(frame)


def token_frame(token: str) -> bytes:
    """Return the frame with a new access token."""
    out = bytearray((protocol.TOKEN,))
    write_var_string(out, token)
    return bytes(out)


async def test_native_frames_of_a_stock_client_are_malformed(make_client: MakeClient) -> None:
    """Without the subprotocol a client gets no acks and cannot send frames that need one."""
    client = await make_client(native=False)
    for frame in (client.operation(), token_frame("t")):
        with pytest.raises(MalformedFrameError):
            client.handle(frame)
    assert client.tokens == []


async def test_token_is_passed_to_the_session(make_client: MakeClient) -> None:
    """The frame handler does not judge the token."""
    client = await make_client()
    client.handle(token_frame("new"))
    assert client.tokens == ["new"]


async def test_query_awareness_is_answered_and_has_no_body(make_client: MakeClient) -> None:
    """Trailing bytes are malformed in every frame, including the shortest."""
    client = await make_client()
    client.handle(QUERY_AWARENESS)
    assert client.answers == [protocol.encode_awareness([])]
    with pytest.raises(InvalidInputError):
        client.handle(QUERY_AWARENESS + b"\x00")


@pytest.mark.parametrize("unique_id", ["", "x" * (MAX_UNIQUE_ID_CHARS + 1)], ids=["none", "long"])
async def test_unique_id_out_of_bounds_is_malformed(
    unique_id: str, make_client: MakeClient
) -> None:
    """Otherwise a sender could choose the length of an index entry."""
    client = await make_client()
    client.handle(client.operation(unique_id="x" * MAX_UNIQUE_ID_CHARS))
    with pytest.raises(InvalidInputError):
        client.handle(client.operation(unique_id=unique_id))


async def test_awareness_frame_with_too_many_clients_is_malformed(make_client: MakeClient) -> None:
    """It is refused before it is read to its end."""
    client = await make_client()
    crowd = [AwarenessEntry(n, 1, "{}") for n in range(MAX_AWARENESS_ENTRIES + 1)]
    with pytest.raises(InvalidInputError, match=str(MAX_AWARENESS_ENTRIES)):
        client.handle(protocol.encode_awareness(crowd))
    assert client.room.presence.entries() == []


async def test_broken_update_ends_a_stock_client_and_not_a_native_one(
    make_client: MakeClient,
) -> None:
    """Frame 102 needs a unique id; without one only the close code can report the error."""
    native, stock = await make_client(), await make_client(native=False)
    native.handle(native.operation(UPDATE[:-1], "bad"))
    [rejected] = native.answers
    assert rejected.startswith(protocol.encode_reject("bad", "malformed", "")[:-1])
    with pytest.raises(InvalidInputError):
        stock.handle(protocol.encode_sync_update(UPDATE[:-1]))


async def test_reader_may_send_known_updates_and_no_new_ones(make_client: MakeClient) -> None:
    """A stock reader answers sync step 1 as any client; only an update with a change ends it."""
    client = await make_client(native=False, role=Role.VIEWER)
    client.handle(protocol.encode_sync_step2(b"\x00\x00"))
    assert client.socket.session.close_code is None
    client.handle(protocol.encode_sync_step2(UPDATE))
    assert client.socket.session.close_code == FORBIDDEN
    assert not client.room.queue


@pytest.mark.parametrize("native", [True, False])
async def test_update_over_its_size_is_refused_before_it_is_read(
    native: bool, make_client: MakeClient
) -> None:
    """The limit itself is allowed, one byte more is not, even if the bytes are no update."""
    client = await make_client(native=native, update_bytes=len(UPDATE))
    wrap = client.operation if native else protocol.encode_sync_update
    client.handle(wrap(UPDATE))
    if native:  # it is told which one, and stays
        client.handle(client.operation(b"\xff" * (len(UPDATE) + 1), "large"))
        assert client.socket.session.close_code is None
        rejected = protocol.encode_reject("large", "limit_exceeded", "The update is too large.")
        assert rejected in client.answers
    else:
        with pytest.raises(LimitExceededError) as caught:
            client.handle(wrap(b"\xff" * (len(UPDATE) + 1)))
        assert caught.value.extra == {"limit": "update_bytes", "value": len(UPDATE)}
    await until_quiet(client.room)
    assert len(log_of(client.room)) == 1


async def test_frame_over_its_size_is_refused_before_it_is_read(make_client: MakeClient) -> None:
    """The limit itself is allowed, one byte more is not."""
    largest = protocol.encode_sync_update(UPDATE)
    client = await make_client(frame_bytes=len(largest))
    client.handle(largest)
    with pytest.raises(LimitExceededError) as caught:
        client.handle(b"\xff" * (len(largest) + 1))
    assert caught.value.extra == {"limit": "frame_bytes", "value": len(largest)}


class Clock:
    """A ``time`` module whose clock a test moves."""

    now = 0.0

    def monotonic(self) -> float:
        """Return the test's time."""
        return self.now


async def test_flood_of_frames_is_stopped_within_the_second(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames of any kind count, also malformed ones; the next second is a new budget."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    client = await make_client(frames_per_s=5)
    for clock.now in (100.0, 101.9):
        client.handle(*[QUERY_AWARENESS] * 4)
        with pytest.raises(InvalidInputError):
            client.handle(b"")
        with pytest.raises(TooFastError):
            client.handle(QUERY_AWARENESS)


async def test_edits_faster_than_the_disk_are_refused_for_now(make_client: MakeClient) -> None:
    """The sender is asked to retry, and queued edits are stored."""
    client = await make_client(native=False, queue_bytes=3 * len(UPDATE))
    frame = protocol.encode_sync_update(UPDATE)
    client.handle(frame, frame, frame)
    with pytest.raises(TransientError):
        client.handle(frame)
    await until_quiet(client.room)
    assert len(log_of(client.room)) == 1


@pytest.mark.parametrize("ending", [b"", b"\x00"], ids=["whole", "malformed at its end"])
async def test_update_that_was_read_in_a_thread_is_not_read_again(
    ending: bytes, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whatever frame it came; 4 MiB with a byte too many held the event loop for a second."""
    client = await make_client()
    read: list[bytes] = []

    def counted(update: bytes) -> UpdateHeader:
        read.append(update)
        return read_update(update)

    monkeypatch.setattr(module, "read_update", counted)
    operation = client.operation(UPDATE + ending)
    for frame in (operation, protocol.encode_sync_update(UPDATE + ending)):
        client._frame_handler.read_ahead(frame)
        is_error = bool(ending) and frame != operation  # an operation is rejected by its id
        with pytest.raises(InvalidInputError) if is_error else nullcontext():
            client.handle(frame)
    assert read == [UPDATE + ending] * 2


async def test_vector_of_more_clients_than_a_document_can_have_is_refused(
    make_client: MakeClient,
) -> None:
    """A million of them took the event loop 0.4 s."""
    client = await make_client(document_clients=2)
    client.handle(protocol.encode_sync_step1(encode_vector({1: 1, 2: 1, 3: 1, 4: 1})))
    with pytest.raises(InvalidInputError):
        client.handle(protocol.encode_sync_step1(encode_vector(dict.fromkeys(range(5), 1))))
