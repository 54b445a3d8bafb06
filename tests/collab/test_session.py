"""One socket's outbox: the order of frames, slow readers, and the answers to refusals."""

import asyncio

import pytest

from apps.accounts.roles import NO_ABILITIES, Role, abilities_of
from apps.collab import protocol
from apps.collab.close_codes import (
    FORBIDDEN,
    MALFORMED,
    OTHER_LINEAGE,
    TOO_LARGE,
    TRY_AGAIN,
    OtherLineageError,
)
from apps.collab.limits import Limits
from apps.core.errors import (
    AppError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    LimitExceededError,
    TransientError,
)
from tests.collab.sockets import Socket


async def test_frames_go_out_in_order_and_the_close_last() -> None:
    """Frames queued before the end are still sent; later ones are not."""
    socket = Socket()
    for frame in (b"a", b"b"):
        socket.session.push(frame)
    socket.session.close(4404)
    socket.session.push(b"late")
    socket.session.close(1013)
    await socket.session.write()
    assert socket.frames == [b"a", b"b"]
    assert socket.close_code == 4404


async def test_writer_wakes_for_later_frames() -> None:
    """It waits for frames without another call."""
    socket = Socket()
    writing = asyncio.create_task(socket.session.write())
    await asyncio.sleep(0)
    socket.session.push(b"a")
    socket.session.close(4404)
    await writing
    assert socket.frames == [b"a"]


async def test_reader_that_does_not_read_is_closed() -> None:
    """It may reconnect and catch up by sync; the memory stays bounded."""
    socket = Socket(limits=Limits(outbox_bytes=10))
    socket.session.push(b"x" * 6)
    assert socket.session.close_code is None
    socket.session.push(b"x" * 6)
    await socket.session.write()
    assert socket.frames == []
    assert socket.close_code == TRY_AGAIN


async def test_one_frame_may_be_larger_than_the_outbox() -> None:
    """The answer to a sync is as large as the document."""
    socket = Socket(limits=Limits(outbox_bytes=10))
    socket.session.push(b"x" * 100)
    assert socket.session.close_code is None


def test_acks_have_the_stage_and_the_seq() -> None:
    """The stage ``received`` has no seq yet."""
    socket = Socket()
    socket.session.on_received("a")
    socket.session.on_persisted("a", 7)
    socket.session.on_duplicate("a", 7)
    assert list(socket.session._outbox or ()) == [
        protocol.encode_ack("a", protocol.STAGE_RECEIVED, 0),
        protocol.encode_ack("a", protocol.STAGE_PERSISTED, 7),
        protocol.encode_ack("a", protocol.STAGE_DUPLICATE, 7),
    ]


@pytest.mark.parametrize(
    "error",
    [InvalidInputError("no"), ForbiddenError("no"), LimitExceededError("no"), ConflictError("no")],
    ids=lambda error: error.code,
)
def test_refusal_of_a_named_operation_is_a_frame(error: AppError) -> None:
    """Frame 102; the session stays open."""
    socket = Socket()
    socket.session.on_rejected("a", error)
    assert list(socket.session._outbox or ()) == [protocol.encode_reject("a", error.code, "no")]
    assert socket.session.close_code is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInputError("no"), MALFORMED),
        (ForbiddenError("no"), FORBIDDEN),
        (LimitExceededError("no"), TOO_LARGE),
        (TransientError("no"), TRY_AGAIN),
        (OtherLineageError("no"), OTHER_LINEAGE),
    ],
    ids=lambda value: getattr(value, "code", value),
)
def test_refusal_of_a_stock_client_is_a_close_code(error: AppError, code: int) -> None:
    """It cannot read frame 102; a forbidden edit is first answered by y-protocols' frame."""
    socket = Socket(native=False)
    socket.session.on_rejected(None, error)
    assert socket.session.close_code == code
    denied = [protocol.encode_permission_denied("no")]
    assert list(socket.session._outbox or ()) == (denied if code == FORBIDDEN else [])


def test_retryable_error_is_no_refusal() -> None:
    """The client keeps the operation, reconnects and repeats it."""
    socket = Socket()
    socket.session.on_rejected("a", TransientError("not now"))
    assert not socket.session._outbox
    assert socket.session.close_code == TRY_AGAIN


def test_native_client_is_told_that_its_right_has_changed() -> None:
    """Once for each change; a stock client could not read it."""
    socket, stock = Socket(), Socket(native=False)
    for role in (Role.VIEWER, Role.VIEWER, Role.EDITOR):
        for session in (socket.session, stock.session):
            session.set_abilities(abilities_of(role))
    events = [protocol.encode_event({"type": "rights", "write": may}) for may in (False, True)]
    assert list(socket.session._outbox or ()) == events
    assert not stock.session._outbox
    socket.session.is_over_quota = True
    socket.session.set_abilities(abilities_of(Role.EDITOR))
    assert list(socket.session._outbox or ())[2:] == events[:1]


def test_reader_stays_and_stranger_goes() -> None:
    """A changed right takes effect in the open session."""
    socket = Socket()
    socket.session.set_abilities(abilities_of(Role.VIEWER))
    assert socket.session.close_code is None
    socket.session.set_abilities(NO_ABILITIES)
    assert socket.session.close_code == FORBIDDEN


async def test_older_page_than_the_content_may_only_read() -> None:
    """It is told once, with the code; one that names no schema version is not judged."""
    older, same, silent = Socket(schema=1), Socket(schema=2), Socket()
    for socket in (older, same, silent):
        changed = [socket.session.set_content_schema(version) for version in (1, 2, 2)]
        assert changed == [False, socket is older, False]
    assert not older.session.abilities.write
    assert same.session.abilities.write
    assert silent.session.abilities.write
    older.session.push_rights()
    older.session.on_rejected("op", ForbiddenError("read only"))
    frames = await older.finish()
    assert older.events[0]["code"] == "schema_older"
    assert older.events[0]["write"] is False
    assert b"schema_older" in frames[0]


async def test_older_page_gets_no_right_by_a_change_of_rights() -> None:
    """Whatever the person may do; a viewer stays a viewer with a newer page."""
    socket = Socket(schema=1, role=Role.VIEWER)
    socket.session.set_content_schema(2)
    socket.session.set_abilities(abilities_of(Role.OWNER))
    assert not socket.session.abilities.write
    assert socket.session.abilities.share
    newer = Socket(schema=2, role=Role.VIEWER)
    newer.session.set_content_schema(2)
    assert not newer.session.abilities.write
