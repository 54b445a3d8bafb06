"""The stock client, y-websocket from npm in Node, with a native client (docs/protocol.md)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pycrdt

from apps.collab import close_codes
from tests.integration.conftest import Enter
from tests.integration.test_client_ids import collected
from tests.support.launcher import ROOT, Launched

CLIENT = Path(__file__).with_name("y_websocket_client.mjs")
TAKEN = Path(__file__).with_name("y_websocket_taken.mjs")


async def test_y_websocket_works_unchanged_beside_a_native_client(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """It syncs, writes, receives edits, and has its authenticated name."""
    ada = await enter("ada", document_id, native=True)
    await ada.until_ack(await ada.insert(0, "Ada, "))
    address = [f"{stack.ws_url}/ws/documents", document_id, stack.token("grace"), "Grace"]
    node = await asyncio.create_subprocess_exec(
        *["node", str(CLIENT), *address],
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert node.stdin is not None
    try:
        await ada.until_text("Ada, Grace")
        await ada.until_ack(await ada.append(", Ada again"))
        line_shown = await _until_shown(node, "Ada, Grace, Ada again")
        assert line_shown["synced"] is True
        await ada.until(lambda: ada.states)
        [state] = [json.loads(state) for state in ada.states.values()]
        assert state["user"] == {
            "id": str(stack.call("grace", "GET", "users/me/").json()["id"]),
            "username": "grace",
            "name": "Grace Hopper",
            "color": "#30bced",
        }
    finally:
        node.stdin.close()
        await node.wait()
    rows = stack.call("ada", "GET", f"documents/{document_id}/operations/").json()["results"]
    assert [row["author"]["username"] for row in rows] == ["ada", "grace", "ada"]


async def test_y_websocket_whose_client_id_was_taken_ends_with_a_reason(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """It does not go on trying: what it has can never be merged."""
    client = pycrdt.Doc().client_id
    grace = await enter("grace", document_id, native=True)
    await grace.until(grace.synced.is_set)
    await grace.until_ack(await grace.submit(collected(client, 0, 1)))
    address = [f"{stack.ws_url}/ws/documents", document_id, stack.token("ada")]
    node = await asyncio.create_subprocess_exec(
        *["node", str(TAKEN), *address, str(client), "offline. "],
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            output, _ = await node.communicate()
    finally:
        if node.returncode is None:
            node.kill()
    ended = json.loads(output)
    assert (ended["code"], ended["connections"]) == (close_codes.OTHER_LINEAGE, 1)
    assert "id" in ended["reason"]
    await grace.until_ack(await grace.append("undisturbed"))


async def _until_shown(node: asyncio.subprocess.Process, text: str) -> dict[str, Any]:
    """Return the first line of the client's output with this text."""
    assert node.stdout is not None
    async with asyncio.timeout(30):
        async for line in node.stdout:
            line_shown: dict[str, Any] = json.loads(line)
            if line_shown["text"] == text:
                return line_shown
    raise AssertionError(f"the client ended with {await node.wait()}")
