"""One document on two servers at once: it converges, with hand-overs of the lock."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from apps.collab import close_codes, protocol
from tests.integration.conftest import Enter
from tests.support.control import away
from tests.support.launcher import Launched
from tests.support.web_server import WebServer

Log = Callable[[], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def second(stack: Launched) -> Iterator[WebServer]:
    """Start a second web server for the module."""
    with WebServer(stack, "web-second") as server:
        yield server


async def test_writers_on_two_servers_converge_with_one_gapless_log(
    enter: Enter, document_id: str, log: Log, second: WebServer
) -> None:
    """Both type at the same time and get the other's edits; the log has one order."""
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id, native=True, url=second.ws_url)
    await asyncio.gather(*(c.until(c.synced.is_set) for c in (ada, grace)))

    async def type_words(client: Any, mark: str) -> None:
        for number in range(30):
            await client.insert(0, f"{mark}{number} ")
            await asyncio.sleep(0.005)

    await asyncio.gather(type_words(ada, "a"), type_words(grace, "g"))
    words = {f"{mark}{number}" for mark in "ag" for number in range(30)}
    for client in (ada, grace):
        await client.until(lambda client=client: set(client.text.split()) == words, 30)
        await client.until(
            lambda client=client: (
                sum(stage == protocol.STAGE_PERSISTED for _, stage, _ in client.acks) == 30
            )
        )
    assert ada.text == grace.text
    assert [row["seq"] for row in log()] == list(range(1, 61))
    assert {row["author"]["username"] for row in log()} == {"ada", "grace"}


async def test_people_on_two_servers_are_not_alone(
    enter: Enter, document_id: str, second: WebServer
) -> None:
    """Each gets the cadence of people who write together."""
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id, native=True, url=second.ws_url)
    await ada.until_ack(await ada.insert(0, "a"))
    await grace.until_text("a")
    await grace.until_ack(await grace.append("b"))
    await ada.until_text("ab")
    for client in (ada, grace):
        await client.until(
            lambda client=client: client.events and client.events[-1]["pause_ms"] == 0
        )


async def test_same_operation_on_both_servers_is_logged_once(
    enter: Enter, document_id: str, log: Log, second: WebServer
) -> None:
    """A client that repeats its edit on the other server gets the first seq."""
    ada = await enter("ada", document_id, native=True)
    # Otherwise the edit would also be sent without its id, in the answer to sync step 1.
    await ada.until(ada.synced.is_set)
    update = ada.edit(lambda _: ada.content.insert(0, "once"))
    elsewhere = await enter("ada", document_id, native=True, url=second.ws_url)
    await asyncio.gather(ada.submit(update, "same"), elsewhere.submit(update, "same"))

    def answered(client: Any) -> bool:
        return any(ack[0] == "same" and ack[1] > protocol.STAGE_RECEIVED for ack in client.acks)

    for client in (ada, elsewhere):
        await client.until(lambda client=client: answered(client))
    seqs = {ack[2] for c in (ada, elsewhere) for ack in c.acks if ack[1] != 0}
    assert seqs == {1}
    assert len(log()) == 1


async def test_presence_and_rights_cross_servers(
    enter: Enter, stack: Launched, second: WebServer
) -> None:
    """Carets cross servers; a permission removed here ends a session there."""
    document_id = stack.create_document("ada")
    pk = stack.share(document_id, "grace", "editor")
    ada = await enter("ada", document_id)
    grace = await enter("grace", document_id, url=second.ws_url)
    await grace.until(grace.synced.is_set)
    await grace.send_presence('{"user": {"color": "#abcdef"}}')
    await ada.until(lambda: ada.states)
    await asyncio.to_thread(
        stack.call, "ada", "DELETE", f"documents/{document_id}/permissions/{pk}/"
    )
    assert await grace.until_closed() == close_codes.FORBIDDEN


async def test_lost_broadcasts_are_repaired_from_the_log(
    enter: Enter, document_id: str, stack: Launched, second: WebServer
) -> None:
    """Without Redis, no message passes between servers; readers still catch up."""
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id, native=True, url=second.ws_url)
    await ada.insert(0, "before ")
    await grace.until_text("before ")
    with away(stack, "redis"):
        await ada.until_ack(await ada.append("while "))
        await grace.until_text("before while ")
    await grace.append("after")
    await ada.until_text("before while after")


async def test_killed_and_frozen_owners_of_the_lock_block_writers_for_a_lease_at_most(
    enter: Enter, document_id: str, log: Log, stack: Launched
) -> None:
    """One server is killed and one frozen while it holds the lock."""
    with WebServer(stack, "web-dies") as dies, WebServer(stack, "web-freezes") as freezes:
        one = await enter("ada", document_id, native=True, url=dies.ws_url)
        await one.until_ack(await one.insert(0, "1"))
        dies.kill()
        two = await enter("ada", document_id, native=True, url=freezes.ws_url)
        await two.until_text("1")
        await two.until(two.synced.is_set)
        second_id = await two.append("2")
        await two.until(lambda: two.ack(second_id, protocol.STAGE_PERSISTED) == 2)
        freezes.send(signal.SIGSTOP)
        three = await enter("grace", document_id, native=True)
        await three.until_text("12")
        third_id = await three.append("3")
        await three.until(lambda: three.ack(third_id, protocol.STAGE_PERSISTED) == 3)
        freezes.send(signal.SIGCONT)
        await two.until_text("123")
        fourth_id = await two.append("4")
        await two.until(lambda: two.ack(fourth_id, protocol.STAGE_PERSISTED) == 4)
        await three.until_text("1234")
    assert [row["seq"] for row in log()] == [1, 2, 3, 4]


def test_rest_edit_on_one_server_is_read_on_the_other(
    document_id: str, stack: Launched, second: WebServer
) -> None:
    """A durable edit is durable for all servers."""
    body = {"unique_id": "r", "update": "AQHw6ZoEAAQBB2NvbnRlbnQBeAA="}
    posted = stack.call("ada", "POST", f"documents/{document_id}/operations/", json=body)
    assert posted.status_code == 201, posted.text
    read = requests.get(
        f"{second.url}/api/v1/documents/{document_id}/state/",
        headers={"Authorization": f"Bearer {stack.token('ada')}"},
        timeout=30,
    )
    assert read.headers["X-Document-Seq"] == "1"
