"""Schema versions of live documents: a page that is older than the content may only read."""

import pytest

from apps.collab import protocol
from apps.collab.room import Room
from apps.crdt.content.prosemirror import content_update
from apps.crdt.content.schema_table import Entry, SchemaVersions
from apps.history.recovery import document_load
from tests.collab.authors import Author, Writer, submission
from tests.collab.conftest import MakeHouse
from tests.collab.rooms import log_of, until_quiet
from tests.collab.sockets import Socket

DRAWING = content_update([{"type": "drawing"}])[0]


@pytest.fixture(autouse=True)
def _newer_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the schema have a node of its second version."""
    versions = SchemaVersions({"drawing": Entry(since=2)}, {})
    monkeypatch.setattr("apps.history.loaded_document.SCHEMA_VERSIONS", versions)


async def test_content_of_a_newer_page_makes_older_ones_read_only_before_it_arrives(
    room: Room,
) -> None:
    """The right first, then the operation; typed text changes nothing."""
    older, newer = Socket(schema=1), Socket(schema=2)
    for socket in (older, newer):
        room.join(socket.session)
    room.submit(submission(Writer().write("typed"), Author(), "one"))
    await until_quiet(room)
    assert older.session.abilities.write
    room.submit(submission(DRAWING, Author(), "two"))
    await until_quiet(room)
    assert not older.session.abilities.write
    assert newer.session.abilities.write
    await older.finish()
    await newer.finish()
    sent = [message["bytes"] for message in older.sent if "bytes" in message]
    right = max(at for at, frame in enumerate(sent) if b"schema_older" in frame)
    drawn = next(at for at, frame in enumerate(sent) if b"drawing" in frame)
    assert right < drawn
    assert sent[drawn][0] == protocol.OPERATION
    assert not any("code" in event for event in newer.events)


async def test_version_is_known_after_a_load_and_from_other_servers(make_house: MakeHouse) -> None:
    """A room that another server's operation reaches, and one that is opened later."""
    house = make_house()
    room = await house.open()
    older = Socket(schema=1)
    room.join(older.session)
    other = await make_house().open(room.document_id)
    other.submit(submission(DRAWING, Author(), "one"))
    await until_quiet(other)
    room.deliver(log_of(room), last_seq=1)
    await until_quiet(room)
    assert not older.session.abilities.write
    assert document_load(document_id=room.document_id).schema_version == 2
    late = Socket(schema=1)
    room.join(late.session)
    assert not late.session.abilities.write
