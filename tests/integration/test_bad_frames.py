"""Invalid input: its sender gets a close code, nothing is stored, others are not disturbed."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pycrdt
import pytest
from websockets.exceptions import ConnectionClosed

from apps.collab import close_codes, protocol
from apps.collab.limits import Limits
from apps.crdt.codec.lib0 import encode_var_uint
from tests.crdt.samples import item, letters, string, written
from tests.fuzz.inputs import BINARY, WireFrame
from tests.fuzz.wire import RawSocket
from tests.integration.conftest import Enter
from tests.support.clients import Client
from tests.support.eventually import eventually_async
from tests.support.launcher import Launched

Log = Callable[[], list[dict[str, Any]]]
Make = Callable[[Client, str], bytes | str]


def _update(text: str = "x") -> bytes:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get("content", type=pycrdt.Text).insert(0, text)
    return doc.get_update()


def _subdocument() -> bytes:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get("map", type=pycrdt.Map)["inner"] = pycrdt.Doc()
    return doc.get_update()


def _twice() -> bytes:
    """Return an update with the same client twice."""
    one = _update()
    # clients, then one client's structs, then the deletions: a single zero byte
    assert one[0] == 1
    assert one[-1] == 0
    return bytes([2]) + one[1:-1] + one[1:-1] + bytes([0])


def _huge_count() -> bytes:
    return encode_var_uint(2**40)


def _operation(client: Client, document_id: str, update: bytes) -> bytes:
    return protocol.encode_operation(document_id, "bad-1", client.doc.get_state(), update)


CLOSED: dict[str, tuple[Make, int]] = {
    "an empty frame": (lambda c, d: b"", close_codes.MALFORMED),
    "a text frame": (lambda c, d: "hello", close_codes.MALFORMED),
    "an unknown type": (lambda c, d: b"\x63\x00", close_codes.MALFORMED),
    "an ack from a client": (lambda c, d: protocol.encode_ack("x", 1, 1), close_codes.MALFORMED),
    "an unknown sync step": (lambda c, d: b"\x00\x07\x00", close_codes.MALFORMED),
    "a truncated update": (
        lambda c, d: protocol.encode_sync_update(_update()[:-2]),
        close_codes.MALFORMED,
    ),
    "a truncated frame": (
        lambda c, d: protocol.encode_sync_update(_update())[:-1],
        close_codes.MALFORMED,
    ),
    "trailing bytes": (
        lambda c, d: protocol.encode_sync_update(_update()) + b"\x00",
        close_codes.MALFORMED,
    ),
    "a client twice": (lambda c, d: protocol.encode_sync_update(_twice()), close_codes.MALFORMED),
    "an absurd count": (
        lambda c, d: protocol.encode_sync_update(_huge_count()),
        close_codes.MALFORMED,
    ),
    "a subdocument": (
        lambda c, d: protocol.encode_sync_update(_subdocument()),
        close_codes.MALFORMED,
    ),
    "a broken state vector": (lambda c, d: b"\x00\x00\x02\xff\xff", close_codes.MALFORMED),
    "another document's id": (
        lambda c, d: _operation(c, "00000000-0000-4000-8000-000000000000", _update()),
        close_codes.MALFORMED,
    ),
    "a truncated operation": (
        lambda c, d: _operation(c, d, _update())[:-3],
        close_codes.MALFORMED,
    ),
    "awareness that is no JSON": (
        lambda c, d: protocol.encode_awareness([protocol.AwarenessEntry(1, 1, "{nope")]),
        close_codes.MALFORMED,
    ),
    "an oversized frame": (
        lambda c, d: b"\x00\x02" + b"\x00" * (5 * 1024 * 1024),
        close_codes.TOO_LARGE,
    ),
}


@pytest.mark.parametrize("name", CLOSED)
async def test_bad_frame_ends_only_its_senders_session(
    name: str, enter: Enter, document_id: str, log: Log
) -> None:
    """With the close code of the reason; nothing is stored; the others keep writing."""
    make, code = CLOSED[name]
    reader = await enter("grace", document_id, native=True)
    bad = await enter("ada", document_id, native=True)
    await bad.until(bad.synced.is_set)
    await bad.send(make(bad, document_id))
    assert await bad.until_closed() == code
    assert log() == []
    assert await reader.until_ack(await reader.insert(0, "still here")) == 1


REJECTED: dict[str, Callable[[], bytes]] = {
    "truncated": lambda: _update()[:-1],
    "trailing bytes": lambda: _update() + b"\x01",
    "a client twice": _twice,
    "a subdocument": _subdocument,
    "an absurd count": _huge_count,
    "nothing at all": lambda: b"",
    # An attribute of two clocks, a value behind its first one, and the delete of its element.
    "bytes that crash the engine": lambda: bytes.fromhex(
        "03010900240002000161027879010300a80900017701790102002701016d016b060102010001"
    ),
    # Garbage of 2^32 - 2 clocks of another client.
    "billions of deleted clocks": lambda: bytes.fromhex("0101070000feffffff0f00"),
}


@pytest.mark.parametrize("name", REJECTED)
async def test_bad_update_of_an_operation_is_rejected_by_its_id(
    name: str, enter: Enter, document_id: str, log: Log
) -> None:
    """Frame 102 names the operation; the session stays open."""
    ada = await enter("ada", document_id, native=True)
    await ada.until(ada.synced.is_set)
    unique_id = await ada.submit(REJECTED[name](), "bad-1")
    await ada.until(lambda: ada.rejects)
    (rejected,) = ada.rejects
    assert rejected[0] == unique_id
    assert rejected[2]
    assert log() == []
    assert await ada.until_ack(await ada.insert(0, "good")) == 1


async def test_update_that_nests_too_deep_is_rejected(
    enter: Enter, document_id: str, log: Log
) -> None:
    """A deeply nested XML tree is rejected before code that walks it can fail."""
    ada = await enter("ada", document_id, native=True)
    await ada.until(ada.synced.is_set)
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    children = doc.get("default", type=pycrdt.XmlFragment).children
    for _ in range(2_000):
        children = children.append(pycrdt.XmlElement("p")).children
    await ada.submit(doc.get_update(), "deep")
    await ada.until(lambda: ada.rejects)
    assert log() == []


async def test_text_that_takes_the_key_of_an_attribute_is_rejected(
    enter: Enter, document_id: str, log: Log
) -> None:
    """The attribute is in the document already, and nothing in the update names its key."""
    ada = await enter("ada", document_id, native=True)
    await ada.until(ada.synced.is_set)
    heading = item(7, b"\x03\x07heading", parent="default")
    level = item(8, b"\x01\x7d\x01", parent=(9, 0), key="level")
    await ada.until_ack(await ada.submit(written([(9, 0, [heading, level])]), "heading"))
    await ada.submit(written([(8, 0, [letters("xy", left=(9, 1))])]), "attack")
    await ada.until(lambda: ada.rejects)
    assert [row["unique_id"] for row in log()] == ["heading"]


#: What made each page throw, or look empty, as the first and as a later content of a document.
NOT_SHOWN: dict[str, bytes] = {
    "array in the root": item(7, b"\x00", parent="default"),
    "number in the root": item(8, b"\x01\x7d\x01", parent="default"),
    "text in the root": item(4, string("words"), parent="default"),
    "array behind a paragraph": item(7, b"\x00", left=(9, 0)),
    "letter behind a paragraph": item(4, string("x"), left=(9, 0)),
    "map in a paragraph": item(7, b"\x01", parent=(9, 0)),
    "attribute that is a map": item(7, b"\x01", parent=(9, 0), key="level"),
    "attribute that is NaN": item(8, b"\x01\x7b\x7f\xf8" + bytes(6), parent=(9, 0), key="level"),
}


@pytest.mark.parametrize("form", NOT_SHOWN)
async def test_content_that_no_page_can_show_is_rejected(
    form: str, enter: Enter, document_id: str, log: Log
) -> None:
    """Of a native client by its id, of a stock one by the close code; others write on."""
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id)
    await ada.until(ada.synced.is_set)
    paragraph = written([(9, 0, [item(7, b"\x03\x09paragraph", parent="default")])])
    await ada.until_ack(await ada.submit(paragraph, "paragraph"))
    attack = written([(8, 0, [NOT_SHOWN[form]])])
    await ada.submit(attack, "attack")
    await ada.until(lambda: ada.rejects)
    assert ada.rejects[0][:2] == ("attack", "malformed")
    await grace.submit(attack)
    assert await grace.until_closed() == close_codes.MALFORMED
    await ada.until_ack(await ada.append("on"))
    stored = [row["unique_id"] for row in log()]
    assert stored[0] == "paragraph"
    assert len(stored) == 2


async def test_document_with_half_an_emoji_lets_others_write_on(
    enter: Enter, document_id: str
) -> None:
    """The engine's clocks are wrong from then on; a new paragraph once held the whole server."""
    grace = await enter("grace", document_id, native=True)
    ada = await enter("ada", document_id, native=True)
    await ada.until(ada.synced.is_set)
    text = letters("\N{GRINNING FACE}", parent="t")
    behind = [
        item(5, string("{}"), left=(1, 1)),
        item(6, string("bold") + string("null"), left=(1, 2)),
    ]
    half = written([(1, 0, [text, *behind])], [(1, [(0, 1)])])
    await ada.until_ack(await ada.submit(half, "half"))
    paragraph = written([(2, 0, [item(7, b"\x03\x09paragraph", parent="default")])])
    await grace.until_ack(await grace.submit(paragraph, "paragraph"))


async def test_update_that_never_gets_its_cause_is_refused_in_the_end(
    enter: Enter, stack: Launched
) -> None:
    """The missing cause is requested, the update is pending, and others are not affected."""
    document_id = stack.create_document("ada", grace="editor")
    ada = await enter("ada", document_id, native=True)
    await ada.until(ada.synced.is_set)
    ada.answers_sync = False
    ada.edit(lambda _: ada.content.insert(0, "never sent"))
    effect = ada.edit(lambda _: ada.content.insert(0, "hole"))
    await ada.submit(effect, "hole")
    await ada.until(lambda: ada.ack("hole", protocol.STAGE_RECEIVED) is not None)
    grace = await enter("grace", document_id, native=True)
    assert await grace.until_ack(await grace.insert(0, "undisturbed")) == 1
    assert await ada.until_closed(20) == close_codes.TRY_AGAIN
    assert ada.ack("hole", protocol.STAGE_PERSISTED) is None


async def test_broken_frame_behind_edits_ends_the_session_without_an_error(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """The server closes at the broken frame before it handles the edits; acks have no reader.

    The edits are more than the server decodes at once, and more than a session may have handled
    before others have a turn.
    """
    errors_before = stack.log("web").count("frames not sent")
    path = f"/ws/documents/{document_id}?token={stack.token('ada')}"
    socket = await RawSocket.open(stack.ws_url, path, subprotocols="scriptorium.v1")
    edits = [
        WireFrame(
            BINARY, protocol.encode_operation(document_id, f"{n}", b"\x00", _update("x" * 300))
        )
        for n in range(30)
    ]
    await socket.send(*edits, WireFrame(BINARY, b"", reserved=4))
    await eventually_async(partial(_is_closed, socket))
    await socket.close()
    ada = await enter("ada", document_id, native=True)
    assert await ada.until_ack(await ada.append("on"))
    assert stack.log("web").count("frames not sent") == errors_before


async def _is_closed(socket: RawSocket) -> bool:
    return not socket.is_open


async def test_flood_of_invented_presence_is_bounded(enter: Enter, document_id: str) -> None:
    """One session cannot appear as a crowd."""
    ada = await enter("ada", document_id)
    grace = await enter("grace", document_id)
    crowd = [protocol.AwarenessEntry(n, 1, '{"user":{}}') for n in range(1, 500)]
    await grace.send(protocol.encode_awareness(crowd))
    closed = asyncio.create_task(grace.until_closed())
    seen = asyncio.create_task(ada.until(lambda: ada.states))
    await asyncio.wait([closed, seen], return_when=asyncio.FIRST_COMPLETED)
    closed.cancel()
    seen.cancel()
    assert len(ada.states) <= 8


#: Frames that closed other people's pages, or kept them from syncing.
POISONED_PRESENCE = {
    "1e999": bytes.fromhex("010f014d010b7b2278223a31653939397d"),
    "NaN": protocol.encode_awareness([protocol.AwarenessEntry(77, 1, '{"x":NaN}')]),
    "no position": protocol.encode_awareness(
        [protocol.AwarenessEntry(77, 1, '{"user":{},"cursor":{"anchor":null,"head":null}}')]
    ),
    "a client that is a word": protocol.encode_awareness(
        [protocol.AwarenessEntry(77, 1, '{"cursor":{"anchor":{"type":{"client":"x"}}}}')]
    ),
    "largest clock": bytes.fromhex("010d014dffffffffffffff0f027b7d"),
}


@pytest.mark.parametrize("frame", POISONED_PRESENCE.values(), ids=POISONED_PRESENCE)
async def test_presence_of_a_viewer_reaches_others_only_as_the_server_writes_it(
    frame: bytes, enter: Enter, document_id: str
) -> None:
    """Present and later clients read it as strict JSON and stay in sync."""
    ada = await enter("ada", document_id, native=True)
    alan = await enter("alan", document_id)
    await alan.send(frame)
    grace = await enter("grace", document_id, native=True)
    assert await grace.until_ack(await grace.insert(0, "undisturbed"))
    await ada.until_text("undisturbed")
    await alan.close()
    assert await ada.until_ack(await ada.append(" still"))

    def refuse(name: str) -> None:
        raise AssertionError(f"no browser reads {name}")

    for client in (ada, grace):
        for state_json in client.states.values():
            state = json.loads(state_json, parse_constant=refuse)
            assert state is None or state.keys() <= {"user", "cursor"}
            assert state is None or state.get("cursor") is None
        assert not client.closed.is_set()


async def test_flood_of_presence_closes_the_sender_alone(enter: Enter, document_id: str) -> None:
    """Each frame of it would be work for every page."""
    ada = await enter("ada", document_id, native=True)
    alan = await enter("alan", document_id)
    with contextlib.suppress(ConnectionClosed):
        for clock in range(1, 20 * Limits().presence_frames_per_s):
            await alan.send_presence("{}", clock=clock)
    assert await alan.until_closed() == close_codes.TRY_AGAIN
    assert await ada.until_ack(await ada.append("on"))


async def test_sender_that_does_not_wait_has_a_bounded_number_of_unbatched_frames(
    enter: Enter, document_id: str
) -> None:
    """The rest waits in its network buffers; all of it is stored in order in the end."""
    ada = await enter("ada", document_id, native=True)
    names = [f"flood-{number}" for number in range(3_000)]
    frames = [
        protocol.encode_operation(
            document_id, name, ada.doc.get_state(), ada.edit(lambda doc: ada.content.insert(0, "x"))
        )
        for name in names
    ]
    for frame in frames:
        await ada.send(frame)
    await ada.until(lambda: ada.ack(names[-1], protocol.STAGE_PERSISTED), 60)
    persisted = [name for name, stage, _ in ada.acks if stage == protocol.STAGE_PERSISTED]
    assert persisted == names
    in_hand, most = 0, 0
    for _, stage, _ in ada.acks:
        in_hand += 1 if stage == protocol.STAGE_RECEIVED else -1
        most = max(most, in_hand)
    # Those of the batch that is being committed, and those of the next one.
    assert most <= 2 * Limits().unbatched_frames_per_session


async def test_message_beyond_the_servers_bound_is_refused_before_it_is_whole(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """A message of 64 MiB is refused with 4413; the process keeps running."""
    before = stack.pid("web")
    ada = await enter("ada", document_id)
    sending = asyncio.create_task(ada.send(bytes(64 * 1024 * 1024)))
    assert await ada.until_closed(30) == close_codes.TOO_LARGE
    await asyncio.wait([sending])
    sending.exception()
    assert stack.pid("web") == before
    grace = await enter("grace", document_id)
    await grace.until(grace.synced.is_set)
