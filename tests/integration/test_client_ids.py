"""Editors who use the client ids of others: refused on every server, and no word is lost."""

import asyncio
import base64
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pycrdt
import pytest

from apps.collab import close_codes
from apps.crdt.codec.update_reader import read_update
from tests.crdt.samples import letters, uints, written
from tests.integration.conftest import Enter, until_processed
from tests.support.clients import Client
from tests.support.launcher import Launched
from tests.support.web_server import WebServer


@pytest.fixture(scope="module")
def second(stack: Launched) -> Iterator[WebServer]:
    """Start a second web server for the module."""
    with WebServer(stack, "web-second") as server:
        yield server


def collected(client: int, clock: int, length: int = 2**20) -> bytes:
    """Return an update of garbage collected clocks of a client."""
    return written([(client, clock, [b"\x00" + uints(length)])])


async def attack(grace: Client, update: bytes) -> str:
    """Send an update by grace; return the code of its rejection, or "persisted"."""
    unique_id = await grace.submit(update)
    await grace.until(
        lambda: grace.ack(unique_id, 1) or any(key == unique_id for key, *_ in grace.rejects)
    )
    return next((code for key, code, _ in grace.rejects if key == unique_id), "persisted")


def text_at(stack: Launched, document_id: str) -> str:
    """Return the text that REST serves."""
    answer = stack.call("ada", "GET", f"documents/{document_id}/state/")
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    content = doc.get("content", type=pycrdt.Text)
    doc.apply_update(answer.content)
    return str(content)


async def test_twelve_bytes_swallow_nothing_of_a_co_author(
    enter: Enter, stack: Launched, document_id: str, second: WebServer
) -> None:
    """From the same server and from another one, after the first edit of the page."""
    ada = await enter("ada", document_id, native=True)
    await ada.until(ada.synced.is_set)
    await ada.until_ack(await ada.append("hello "))
    client = ada.doc.client_id
    for url in (stack.ws_url, second.ws_url):
        grace = await enter("grace", document_id, native=True, url=url)
        await grace.until(lambda grace=grace: grace.text == "hello ")
        assert await attack(grace, collected(client, 6)) == "foreign_client"
    await ada.until_ack(await ada.append("this is important"))
    assert await asyncio.to_thread(text_at, stack, document_id) == "hello this is important"


async def test_client_id_that_others_see_in_presence_cannot_be_taken(
    enter: Enter, stack: Launched, document_id: str, second: WebServer
) -> None:
    """Before the page has written anything, on its own server and on another one."""
    ada = await enter("ada", document_id, native=True)
    await ada.until(ada.synced.is_set)
    await ada.send_presence("{}")
    client = ada.doc.client_id
    for url in (stack.ws_url, second.ws_url):
        grace = await enter("grace", document_id, native=True, url=url)
        await grace.until(lambda grace=grace: client in grace.states)
        assert await attack(grace, collected(client, 0)) == "foreign_client"
    await ada.until_ack(await ada.append("first"))
    assert await asyncio.to_thread(text_at, stack, document_id) == "first"


async def test_viewer_who_announces_a_client_id_keeps_nobody_from_writing(
    enter: Enter, document_id: str, second: WebServer
) -> None:
    """On the same server and on another one: an id that was seen before its page went offline."""
    for url in (None, second.ws_url):
        page: pycrdt.Doc[Any] = pycrdt.Doc()
        alan = await enter("alan", document_id, **({"url": url} if url else {}))
        watcher = await enter("grace", document_id)
        await alan.send_presence("{}", client=page.client_id)
        await watcher.until(lambda page=page, watcher=watcher: page.client_id in watcher.states)
        ada = await enter("ada", document_id, native=True, doc=page)
        await ada.until(ada.synced.is_set)
        await ada.until_ack(await ada.append("written"))


async def test_page_whose_client_id_was_taken_is_told(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """While it was offline; by a native socket, a stock one, and REST. None of them is stored."""
    away: pycrdt.Doc[Any] = pycrdt.Doc()
    client = away.client_id
    grace = await enter("grace", document_id, native=True)
    await grace.until(grace.synced.is_set)
    assert await attack(grace, collected(client, 0)) == "persisted"
    content = away.get("content", type=pycrdt.Text)
    content += "offline. "
    update = away.get_update()
    ada = await enter("ada", document_id, native=True)
    assert await attack(ada, update) == "foreign_client"
    stock = await enter("ada", document_id)
    await stock.submit(written([(client, 2**20, [letters("x", left=(client, 2**20 - 1))])]))
    assert await stock.until_closed() == close_codes.TRY_AGAIN
    assert "client id" in str(stock.close_reason)
    path = f"documents/{document_id}/operations/"
    body = {"unique_id": "by rest", "update": base64.b64encode(update).decode()}
    answer = await asyncio.to_thread(stack.call, "ada", "POST", path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "foreign_client")
    again = await enter("ada", document_id, native=True)
    await again.until(again.synced.is_set)
    await again.until_ack(await again.append("offline. "))
    assert await asyncio.to_thread(text_at, stack, document_id) == "offline. "


async def test_stock_client_passes_on_what_the_log_has(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """Two people at one device, whose tabs share their edits with each other."""
    ada = await enter("ada", document_id)
    await ada.until(ada.synced.is_set)
    await ada.insert(0, "ada's. ")
    await ada.until(lambda: ada.updates)  # its echo: it is stored
    late = ada.edit(lambda _: ada.content.insert(0, "late. "))
    shared: pycrdt.Doc[Any] = pycrdt.Doc()
    shared.apply_update(ada.doc.get_update())
    grace = await enter("grace", document_id, doc=shared)
    assert await grace.until_closed() == close_codes.TRY_AGAIN
    await ada.submit(late)
    grace = await enter("grace", document_id, doc=shared)
    await grace.until(grace.synced.is_set)
    await grace.insert(0, "grace's. ")
    await ada.until_text("grace's. late. ada's. ")
    assert await asyncio.to_thread(text_at, stack, document_id) == ada.text


async def test_edit_that_the_server_makes_belongs_to_the_person_who_asked_for_it(
    enter: Enter, stack: Launched, document_id: str, log: Callable[[], list[dict[str, Any]]]
) -> None:
    """An import, and a restore of what it had deleted by others: each with a new client id."""
    ada = await enter("ada", document_id, native=True)
    await ada.until(ada.synced.is_set)
    await ada.until_ack(await ada.append("by ada"))
    await ada.until_ack(await ada.delete(0, 3))
    path = f"documents/{document_id}/"
    imported = {"format": "md", "content": "imported"}
    for rest, body in (("import/", imported), ("at/1/restore/", {})):
        answer = await asyncio.to_thread(stack.call, "grace", "POST", path + rest, json=body)
        assert answer.status_code == 201, answer.text
    known = {ada.doc.client_id}
    for row in (await asyncio.to_thread(log))[2:]:
        assert row["author"]["username"] == "grace"
        ranges = read_update(base64.b64decode(row["update"])).ranges
        for client, runs in ranges.items():
            assert client not in known
            again = await enter("ada", document_id, native=True)
            assert await attack(again, collected(client, runs[-1][1])) == "foreign_client"
        known |= ranges.keys()
    assert len(known) == 3


async def test_server_of_a_restored_backup_takes_edits_of_others(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """For as long as it is told: pages that are still open have them."""
    ada = await enter("ada", document_id, native=True)
    await ada.until(ada.synced.is_set)
    await ada.until_ack(await ada.append("kept. "))
    lost = ada.edit(lambda _: ada.content.insert(0, "lost. "))
    for until, code in ((time.time() - 1, "foreign_client"), (time.time() + 600, "persisted")):
        settings = {"RELAYS_UNTIL": str(until)}
        with WebServer(stack, f"web-relays-{code}", settings) as server:
            grace = await enter("grace", document_id, native=True, url=server.ws_url)
            await grace.until(lambda grace=grace: grace.text == "kept. ")
            assert await attack(grace, lost) == code
    assert await asyncio.to_thread(text_at, stack, document_id) == "lost. kept. "


async def test_owner_is_known_after_a_kill_and_from_a_snapshot(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """A server that has never seen the page reads the owner from the log, or from the snapshot."""
    ada = await enter("ada", document_id, native=True)
    await ada.until(ada.synced.is_set)
    for _ in range(60):  # enough for a snapshot
        last = await ada.append("x")
    seq = await ada.until_ack(last)
    await asyncio.to_thread(until_processed, stack, document_id, seq)
    client, clock = ada.doc.client_id, 60
    with WebServer(stack, "web-new") as new:
        grace = await enter("grace", document_id, native=True, url=new.ws_url)
        await grace.until(lambda: len(grace.text) == clock)
        assert await attack(grace, collected(client, clock)) == "foreign_client"
        new.send(signal.SIGKILL)
        assert await grace.until_closed()
    with WebServer(stack, "web-newer") as newer:
        grace = await enter("grace", document_id, native=True, url=newer.ws_url)
        await grace.until(lambda: len(grace.text) == clock)
        evil = written([(client, clock, [letters("evil", left=(client, clock - 1))])])
        assert await attack(grace, evil) == "foreign_client"
    await ada.until_ack(await ada.append("!"))
    assert await asyncio.to_thread(text_at, stack, document_id) == "x" * clock + "!"
