"""An orderly stop of a server: everything is committed, and clients are told to reconnect."""

import asyncio
import signal
import time

import pytest

from apps.collab import close_codes
from tests.crash.checks import check_nothing_lost, crowd, until_converged, until_written
from tests.integration.conftest import Enter
from tests.support.launcher import Launched
from tests.support.stored import stored
from tests.support.web_server import WebServer

#: Maximal time from SIGTERM to the end of the process, in seconds.
STOP_S = 10


@pytest.mark.parametrize("kind", ["uvicorn", "daphne"])
async def test_stopped_server_commits_closes_sessions_and_releases_its_locks(
    kind: str, enter: Enter, stack: Launched, document_id: str
) -> None:
    """1012 for all sessions, the end within ten seconds, and another server writes at once."""
    with WebServer(stack, f"web-stopping-{kind}", server=kind) as server:
        ada = await enter("ada", document_id, native=True, url=server.ws_url)
        grace = await enter("grace", document_id, url=server.ws_url)
        for client in (ada, grace):
            await client.until(client.synced.is_set)
        ids = [await ada.append(f"{number} ") for number in range(50)]
        server.send(signal.SIGTERM)
        started = time.monotonic()
        for client in (ada, grace):
            assert await client.until_closed(STOP_S) == close_codes.GOING_DOWN
        assert await asyncio.to_thread(server.wait) == 0
        assert time.monotonic() - started < STOP_S
    with stored(stack, document_id) as store:
        assert store.lock_owner() == ""  # nobody waits for a lease to run out
    here = await enter("ada", document_id, native=True, doc=ada.doc)
    await here.until_ack(await here.append("on the other server"))
    rows = stack.call("ada", "GET", f"documents/{document_id}/operations/").json()["results"]
    logged = {row["unique_id"] for row in rows}
    assert {unique_id for unique_id, stage, _ in ada.acks if stage} <= logged & set(ids)


async def test_rolling_restart_under_load_loses_nothing(stack: Launched) -> None:
    """The server is stopped and started twice while four people type."""
    document_id = stack.create_document("ada", grace="editor")
    async with crowd(stack, document_id) as people:
        for _ in range(2):
            await until_written(people, 20)
            pid = stack.kill("web", signal.SIGTERM)
            await asyncio.to_thread(stack.wait_for_another, "web", pid)
        await until_written(people, 20)
        await until_converged(people)
        await check_nothing_lost(stack, document_id, people)
