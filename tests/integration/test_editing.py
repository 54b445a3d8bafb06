"""Two people edit one document, seen from outside (docs/system-flow.md, §4)."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any, cast

import pycrdt
import requests
from confluent_kafka import Consumer, Message

from apps.collab import protocol
from apps.crdt.codec.lib0 import Decoder
from tests.integration.conftest import Enter, until_processed
from tests.support.eventually import eventually
from tests.support.launcher import Launched

Log = Callable[[], list[dict[str, Any]]]


async def test_native_and_stock_client_converge_and_both_are_in_the_log(
    enter: Enter, document_id: str, log: Log, stack: Launched
) -> None:
    """Each sees the other's edit; the log names both authors, gapless from 1."""
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id)
    assert (ada.subprotocol, grace.subprotocol) == ("scriptorium.v1", None)
    unique_id = await ada.insert(0, "Hello")
    await grace.until_text("Hello")
    await grace.append(", Ada")
    await ada.until_text("Hello, Ada")
    assert [ack for ack in ada.acks if ack[0] == unique_id] == [
        (unique_id, protocol.STAGE_RECEIVED, 0),
        (unique_id, protocol.STAGE_PERSISTED, 1),
    ]
    rows = log()
    assert [row["seq"] for row in rows] == [1, 2]
    assert [row["author"]["username"] for row in rows] == ["ada", "grace"]
    assert rows[0]["author"]["id"] == stack.call("ada", "GET", "users/me/").json()["id"]
    assert rows[0]["unique_id"] == unique_id
    assert [row["size"] for row in rows] == [len(base64.b64decode(r["update"])) for r in rows]
    last = base64.b64decode(rows[1]["version_vector"])
    assert pycrdt.Doc().get_state() != last
    assert _vector(last) == _vector(ada.doc.get_state())


async def test_operation_frame_carries_seq_and_authenticated_author(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """A native reader gets frame 100 with the server's seq and the author's id."""
    grace = await enter("grace", document_id, native=True)
    ada = await enter("ada", document_id, native=True)
    unique_id = await ada.insert(0, "x")
    await grace.until_text("x")
    me = stack.call("ada", "GET", "users/me/").json()
    (operation,) = grace.operations
    assert operation["document_id"] == document_id
    assert operation["unique_id"] == unique_id
    assert operation["seq"] == 1
    assert operation["author_id"] == str(me["id"])


async def test_same_unique_id_again_is_answered_with_its_first_seq(
    enter: Enter, document_id: str, log: Log
) -> None:
    """By socket, then by REST: one row in the log."""
    ada = await enter("ada", document_id, native=True)
    update = ada.edit(lambda _: ada.content.insert(0, "once"))
    unique_id = await ada.submit(update)
    assert await ada.until_ack(unique_id) == 1
    await ada.submit(update, unique_id)
    assert await ada.until_ack(unique_id, protocol.STAGE_DUPLICATE) == 1
    assert len(log()) == 1


async def test_rest_edit_reaches_sockets_and_repeats_harmlessly(
    enter: Enter, document_id: str, log: Log, stack: Launched
) -> None:
    """POST operations/: 201 with the seq, the same again 200, malformed 400 and nothing stored."""
    reader = await enter("grace", document_id)
    await reader.until(reader.synced.is_set)
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get("content", type=pycrdt.Text).insert(0, "by REST")
    body = {"unique_id": "mine-1", "update": base64.b64encode(doc.get_update()).decode()}
    path = f"documents/{document_id}/operations/"
    first = await asyncio.to_thread(stack.call, "ada", "POST", path, json=body)
    assert (first.status_code, first.json()["seq"]) == (201, 1)
    await reader.until_text("by REST")
    again = await asyncio.to_thread(stack.call, "ada", "POST", path, json=body)
    assert (again.status_code, again.json()["seq"]) == (200, 1)
    for wrong in ("AAAA", "!!", base64.b64encode(doc.get_update()[:-1]).decode()):
        bad = {"unique_id": "mine-2", "update": wrong}
        answer = await asyncio.to_thread(stack.call, "ada", "POST", path, json=bad)
        assert answer.status_code == 400, answer.text
        assert set(answer.json()) == {"code", "detail", "extra"}
    assert len(log()) == 1


async def test_many_writers_at_once_converge_with_a_gapless_log(
    enter: Enter, document_id: str, log: Log
) -> None:
    """Native and stock clients type at the same time; all end with the same text."""
    clients = [
        await enter(name, document_id, native=native)
        for name in ("ada", "grace")
        for native in (True, False)
    ]
    await asyncio.gather(*(c.until(c.synced.is_set) for c in clients))

    async def type_words(client: Any, mark: str) -> None:
        for number in range(40):
            await client.insert(0, f"{mark}{number} ")
            await asyncio.sleep(0)

    await asyncio.gather(*(type_words(c, "abcd"[i]) for i, c in enumerate(clients)))
    words = {f"{mark}{number}" for mark in "abcd" for number in range(40)}
    for client in clients:
        await client.until(lambda client=client: set(client.text.split()) == words)
    assert len({client.text for client in clients}) == 1
    seqs = [row["seq"] for row in log()]
    assert seqs == list(range(1, len(seqs) + 1))


async def test_late_client_gets_the_state_or_a_difference(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """Sync step 1 and REST state/ give the durable state, whole or as a difference."""
    ada = await enter("ada", document_id, native=True)
    await ada.until_ack(await ada.insert(0, "first"))
    before = ada.doc.get_state()
    await ada.until_ack(await ada.append(" second"))
    late = await enter("grace", document_id)
    await late.until_text("first second")
    path = f"documents/{document_id}/state/"
    whole = stack.call("grace", "GET", path)
    assert whole.headers["X-Document-Seq"] == "2"
    assert whole.headers["Content-Type"] == "application/octet-stream"
    assert _text(whole.content) == "first second"
    same = stack.call("grace", "GET", path, headers={"If-None-Match": whole.headers["ETag"]})
    assert same.status_code == 304
    wanted = base64.urlsafe_b64encode(before).decode().rstrip("=")
    part = stack.call("grace", "GET", path, params={"state_vector": wanted})
    assert len(part.content) < len(whole.content)
    ada.doc.apply_update(part.content)
    wrong = stack.call("grace", "GET", path, params={"state_vector": "%%%"})
    assert wrong.status_code == 400


async def test_offline_edits_merge_when_the_client_reconnects(
    enter: Enter, document_id: str
) -> None:
    """A stock client edits without a connection; its sync step 2 brings the edit."""
    ada = await enter("ada", document_id)
    grace = await enter("grace", document_id)
    await ada.insert(0, "shared ")
    await grace.until_text("shared ")
    await grace.close()
    grace.edit(lambda _: grace.content.insert(0, "offline "))
    await ada.append("online")
    again = await enter("grace", document_id, doc=grace.doc)
    for client in (ada, again):
        await client.until_text("offline shared online")


async def test_stock_client_that_brings_nothing_new_is_not_logged(
    enter: Enter, document_id: str, log: Log
) -> None:
    """The answer to the server's sync step 1 after a reconnect adds no operation."""
    ada = await enter("ada", document_id)
    await ada.insert(0, "kept")
    await ada.delete(0, 1)
    await ada.until(lambda: ada.updates)
    grace = await enter("grace", document_id)
    await grace.until_text("ept")
    count = len(log())
    for _ in range(3):
        again = await enter("ada", document_id, doc=ada.doc)
        await again.until(again.synced.is_set)
        await again.close()
    await grace.append("!")
    await ada.until_text("ept!")
    assert len(log()) == count + 1


async def test_update_without_its_cause_is_pending_and_its_cause_is_requested(
    enter: Enter, document_id: str, log: Log
) -> None:
    """The causal gate: nothing is acknowledged before its cause, which the server requests."""
    ada = await enter("ada", document_id, native=True)
    await ada.until(ada.synced.is_set)
    cause = ada.edit(lambda _: ada.content.insert(0, "cause "))
    effect = ada.edit(lambda _: ada.content.insert(6, "effect"))
    # The client would answer each sync step 1 with its whole state, and so with the cause; so
    # here it does not answer.
    ada.answers_sync = False
    late = await ada.submit(effect)
    await ada.until(lambda: ada.ack(late, protocol.STAGE_RECEIVED) is not None)
    await ada.until(lambda: len(ada.asked) >= 2)
    assert log() == []
    first = await ada.submit(cause)
    assert await ada.until_ack(first) == 1
    assert await ada.until_ack(late) == 2


async def test_presence_is_stamped_with_the_authenticated_name(
    enter: Enter, document_id: str
) -> None:
    """A claimed name is replaced."""
    ada = await enter("ada", document_id)
    grace = await enter("grace", document_id)
    await grace.send_presence('{"user": {"name": "ada", "color": "#123456"}, "cursor": null}')
    await ada.until(lambda: ada.states)
    (state,) = ada.states.values()
    user = json.loads(state)["user"]
    assert (user["username"], user["color"]) == ("grace", "#123456")
    assert user["name"] != "ada"
    await grace.close()
    await ada.until(lambda: list(ada.states.values()) == ["null"])


async def test_trailing_slash_and_subprotocol_token_work(enter: Enter, document_id: str) -> None:
    """``/ws/documents/{id}/`` and ``jwt.<token>`` with ``scriptorium.v1`` are accepted."""
    ada = await enter("ada", f"{document_id}/")
    grace = await enter("grace", document_id, native=True, subprotocol_token=True)
    assert grace.subprotocol == "scriptorium.v1"
    await ada.insert(0, "slash")
    await grace.until_text("slash")


def test_kafka_gets_each_operation_with_key_value_and_headers(
    stack: Launched, document_id: str
) -> None:
    """Read from the topic by a consumer of the test."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get("content", type=pycrdt.Text).insert(0, "for Kafka")
    update = doc.get_update()
    body = {"unique_id": "kafka-1", "update": base64.b64encode(update).decode()}
    stack.call("ada", "POST", f"documents/{document_id}/operations/", json=body)
    me = stack.call("ada", "GET", "users/me/").json()
    consumer = Consumer(
        {
            "bootstrap.servers": stack.settings()["KAFKA_BOOTSTRAP_SERVERS"],
            "group.id": f"test-{document_id}",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe(["crdt-operations"])

    def ours() -> Message | None:
        for message in consumer.consume(1_000, 0.2):
            if not message.error() and message.key() == document_id.encode():
                return message
        return None

    found = eventually(ours, deadline_s=60)
    consumer.close()
    headers = dict(cast("list[tuple[str, bytes]]", found.headers()))
    assert found.value() == update
    assert headers["unique_id"] == b"kafka-1"
    assert headers["seq"] == b"1"
    assert headers["author"] == str(me["id"]).encode()
    assert _vector(headers["version_vector"]) == _vector(doc.get_state())


async def test_largest_update_reaches_log_kafka_and_worker(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """The limits of MongoDB's rows and of Kafka's messages are larger."""
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id)
    text = "".join(chr(97 + number % 26) for number in range(4 * 1024 * 1024 - 200))
    await ada.until_ack(await ada.insert(0, text))
    await grace.until(lambda: len(grace.text) == len(text), 30)
    await ada.until_ack(await ada.append("!"))
    await asyncio.to_thread(until_processed, stack, document_id, 2)


def _vector(encoded: bytes) -> dict[int, int]:
    decoder = Decoder(encoded)
    return {decoder.var_uint(): decoder.var_uint() for _ in range(decoder.var_uint())}


def _text(update: bytes) -> str:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(update)
    return str(doc.get("content", type=pycrdt.Text))


def test_unknown_document_and_anonymous_rest_calls_answer_with_the_error_shape(
    stack: Launched,
) -> None:
    """404 for an unknown document, 401 without a login."""
    missing = stack.call("ada", "GET", "documents/00000000-0000-4000-8000-000000000000/state/")
    assert missing.status_code == 404
    anonymous = requests.get(f"{stack.url}/api/v1/documents/", timeout=10)
    assert anonymous.status_code == 401
    for answer in (missing, anonymous):
        assert set(answer.json()) == {"code", "detail", "extra"}
