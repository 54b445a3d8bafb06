"""The stock client itself, y-websocket from npm in Node, beside a native one (docs/protocol.md)."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.integration.conftest import Enter
from tests.support.launcher import ROOT, Launched

CLIENT = Path(__file__).with_name("y_websocket_client.mjs")


async def test_y_websocket_works_unchanged_beside_a_native_client(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """It syncs, writes, hears the other, and is shown under its authenticated name."""
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
        said = await _until_said(node, "Ada, Grace, Ada again")
        assert said["synced"] is True
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


async def _until_said(node: asyncio.subprocess.Process, text: str) -> dict[str, Any]:
    """Return the first line in which the client shows this text."""
    assert node.stdout is not None
    async with asyncio.timeout(30):
        async for line in node.stdout:
            said: dict[str, Any] = json.loads(line)
            if said["text"] == text:
                return said
    raise AssertionError(f"the client ended with {await node.wait()}")
