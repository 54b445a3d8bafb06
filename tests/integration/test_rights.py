"""Rights: enforced by the stored permissions, on open sockets within a second."""

import asyncio
import base64
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import psycopg
import requests

from apps.collab import close_codes
from tests.integration.conftest import Enter
from tests.support.clients import Client
from tests.support.control import paused
from tests.support.eventually import eventually
from tests.support.launcher import Launched
from tests.support.operations import Scribe
from tests.support.web_server import WebServer

Log = Callable[[], list[dict[str, Any]]]
#: The goal is a second; a loaded machine with two cores gets some more.
PROMISE_S = 3.0
#: Number of measurements, because the machine itself may pause.
ROUNDS = 3
#: Timeout of a single change, in seconds.
PATIENCE_S = 30
#: Terminates the connections that wait for a lock.
CUT_WAITING = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE wait_event_type = 'Lock' AND query LIKE 'SELECT%'"""
#: Finds idle connections that have read a permission since a time.
RIGHTS_READ = """SELECT pid FROM pg_stat_activity
                 WHERE query_start > %s AND state = 'idle'
                 AND query LIKE '%%permission.role%%'"""

#: Closes the sessions of a document in the name of the administrator.
CLOSE = """
from apps.accounts.models import User
from apps.collab.services import sessions_close
sessions_close(actor=User.objects.get(username="admin"), document_id="{document_id}")
"""


async def test_viewer_reads_and_may_not_write(enter: Enter, document_id: str, log: Log) -> None:
    """A native viewer's edit is rejected by its id; a stock session is closed."""
    ada = await enter("ada", document_id, native=True)
    alan = await enter("alan", document_id, native=True)
    stock = await enter("alan", document_id)
    await ada.until_ack(await ada.insert(0, "for reading"))
    await alan.until_text("for reading")
    await stock.until_text("for reading")
    unique_id = await alan.insert(0, "mine now: ")
    await alan.until(lambda: alan.rejects)
    assert alan.rejects[0][:2] == (unique_id, "forbidden")
    await stock.insert(0, "by force: ")
    assert await stock.until_closed() == close_codes.FORBIDDEN
    assert stock.denied
    assert len(log()) == 1
    assert ada.text == "for reading"


async def test_viewer_by_rest_gets_403_and_nothing_is_stored(
    stack: Launched, document_id: str, log: Log
) -> None:
    """REST checks the same permission."""
    body = {"unique_id": "v", "update": "AAA="}
    answer = stack.call("alan", "POST", f"documents/{document_id}/operations/", json=body)
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"
    assert log() == []


async def test_administrator_closes_the_sessions_of_one_document(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """On each server within a second, with words; what was typed stays, and all may come back."""
    other = stack.create_document("ada")
    with WebServer(stack, "web-closing") as server:
        ada = await enter("ada", document_id, native=True)
        stock = await enter("ada", document_id, url=server.ws_url)
        apart = await enter("ada", other, native=True)
        await ada.until_ack(await ada.insert(0, "kept"))
        await stock.until_text("kept")
        stack.manage("shell", "-c", CLOSE.format(document_id=document_id))
        assert await ada.until_closed() == close_codes.TRY_AGAIN
        assert await stock.until_closed() == close_codes.TRY_AGAIN
        again = await enter("ada", document_id)
        await again.until_text("kept")
        assert await apart.until_ack(await apart.insert(0, "open")) == 1
    events = stack.call("ada", "GET", f"documents/{document_id}/activity/").json()["results"]
    closed = [event["actor"] for event in events if event["kind"] == "sessions_closed"]
    assert [actor["username"] for actor in closed] == ["admin"]


async def test_downgrade_upgrade_and_removal_reach_open_sockets(
    enter: Enter, stack: Launched
) -> None:
    """Editor to viewer: cannot write. Back: writes. Removed: 4403. Each within a second."""
    rounds = [await _rights_come_and_go(enter, stack) for _ in range(ROUNDS)]
    for waits in zip(*rounds, strict=True):
        assert median(waits) < PROMISE_S, waits


async def _rights_come_and_go(enter: Enter, stack: Launched) -> list[float]:
    """Downgrade, upgrade and remove a permission; return the duration of each, in seconds."""
    document_id = stack.create_document("ada")
    pk = stack.share(document_id, "grace", "editor")
    path = f"documents/{document_id}/permissions/{pk}/"
    grace = await enter("grace", document_id, native=True)
    assert await grace.until_ack(await grace.insert(0, "a")) == 1

    assert _rights(grace) == [True]
    stack.call("ada", "PATCH", path, json={"role": "viewer"})
    waits = [await _until_write_is(grace, allowed=False)]
    assert _rights(grace) == [True, False]
    stack.call("ada", "PATCH", path, json={"role": "editor"})
    waits.append(await _until_write_is(grace, allowed=True))
    assert _rights(grace) == [True, False, True]

    removed_at = time.monotonic()
    assert stack.call("ada", "DELETE", path).status_code == 204
    assert await grace.until_closed() == close_codes.FORBIDDEN
    waits.append(time.monotonic() - removed_at)
    back = await enter("grace", document_id)
    assert await back.until_closed() == close_codes.NOT_FOUND
    return waits


def _rights(client: Client) -> list[bool]:
    """Return what a client was told of its right to write."""
    return [event["write"] for event in client.events if event["type"] == "rights"]


async def test_removal_reaches_sockets_of_a_server_started_by_a_rest_edit(
    enter: Enter, stack: Launched
) -> None:
    """Its runtime outlives the request that started it."""
    document_id = stack.create_document("ada")
    pk = stack.share(document_id, "grace", "editor")
    operation = Scribe(document_id).write("by REST")
    body = {"unique_id": "first", "update": base64.b64encode(operation.update).decode()}
    with WebServer(stack, "web-woken") as server:
        answer = await asyncio.to_thread(
            requests.post,
            f"{server.url}/api/v1/documents/{document_id}/operations/",
            json=body,
            headers={"Authorization": f"Bearer {stack.token('ada')}"},
            timeout=30,
        )
        assert answer.status_code == 201, answer.text
        grace = await enter("grace", document_id, url=server.ws_url)
        await grace.until_text("by REST")
        await asyncio.to_thread(
            stack.call, "ada", "DELETE", f"documents/{document_id}/permissions/{pk}/"
        )
        assert await grace.until_closed() == close_codes.FORBIDDEN


async def test_removal_is_enforced_though_a_database_connection_was_cut(
    enter: Enter, stack: Launched
) -> None:
    """The connection that reads the permissions is cut, and they are read again.

    Another task of the server may wait for the table as well.
    """
    document_id = stack.create_document("ada")
    pk = stack.share(document_id, "grace", "editor")
    grace = await enter("grace", document_id)
    await grace.until(grace.synced.is_set)
    url = stack.settings()["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as admin:
        with psycopg.connect(url) as locker:
            locker.execute('LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE')
            admin.execute("DELETE FROM permission WHERE id = %s", [pk])
            cut = await asyncio.to_thread(eventually, lambda: admin.execute(CUT_WAITING).fetchall())
            assert (True,) in cut
        assert await grace.until_closed() == close_codes.FORBIDDEN


async def test_permission_removed_while_its_session_is_admitted_is_enforced(
    enter: Enter, stack: Launched
) -> None:
    """It is read before the removal, and the session joins the room after the event."""
    document_id = stack.create_document("ada")
    pk = stack.share(document_id, "grace", "editor")
    with psycopg.connect(stack.settings()["DATABASE_URL"], autocommit=True) as admin:
        with paused(stack, "mongo"):
            began = admin.execute("SELECT clock_timestamp()").fetchone()
            grace = await enter("grace", document_id)
            await asyncio.to_thread(
                eventually, lambda: admin.execute(RIGHTS_READ, began).fetchall()
            )
            admin.execute("DELETE FROM permission WHERE id = %s", [pk])
        assert await grace.until_closed() == close_codes.FORBIDDEN


async def _until_write_is(client: Any, *, allowed: bool) -> float:
    """Try to write until the response is the expected one; return the duration, in seconds."""
    began = time.monotonic()
    while True:
        unique_id = await client.insert(0, "x")
        await client.until(
            lambda unique_id=unique_id: (
                client.ack(unique_id, 1) is not None
                or any(reject[0] == unique_id for reject in client.rejects)
            )
        )
        took = time.monotonic() - began
        if (client.ack(unique_id, 1) is not None) == allowed:
            return took
        assert took < PATIENCE_S, "the right has not changed"


async def test_deactivated_account_loses_its_sockets(enter: Enter, stack: Launched) -> None:
    """4401 or 4403 within a second, and 401 by REST."""
    stack.manage(
        "shell",
        "-c",
        "from apps.accounts.models import User;"
        "User.objects.create_user('mallory', password='scriptorium')",
    )
    document_id = stack.create_document("ada", mallory="editor")
    mallory = await enter("mallory", document_id, native=True)
    await mallory.until(mallory.synced.is_set)
    await asyncio.to_thread(
        stack.manage,
        "shell",
        "-c",
        "from apps.accounts.models import User;"
        "User.objects.filter(username='mallory').update(is_active=False)",
    )
    code = await mallory.until_closed()
    assert code in {close_codes.NOT_AUTHENTICATED, close_codes.FORBIDDEN}
    assert stack.call("mallory", "GET", "documents/").status_code == 401


async def test_trashed_document_closes_all_sessions(enter: Enter, stack: Launched) -> None:
    """4404 for open and new sessions; after untrash it works as before."""
    document_id = stack.create_document("ada", grace="editor")
    grace = await enter("grace", document_id, native=True)
    await grace.until_ack(await grace.insert(0, "kept"))
    assert stack.call("ada", "DELETE", f"documents/{document_id}/").status_code == 204
    assert await grace.until_closed() in {close_codes.NOT_FOUND, close_codes.FORBIDDEN}
    late = await enter("grace", document_id)
    assert await late.until_closed() == close_codes.NOT_FOUND
    assert stack.call("ada", "POST", f"documents/{document_id}/restore/").ok
    again = await enter("grace", document_id)
    await again.until_text("kept")


async def test_client_of_another_lineage_is_told_to_reload(enter: Enter, document_id: str) -> None:
    """A client with another lineage than the document's gets 4409."""
    ada = await enter("ada", document_id, query="lineage=another")
    assert await ada.until_closed() == close_codes.OTHER_LINEAGE
