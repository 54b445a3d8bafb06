"""One edit, followed by its unique id through the logs of all processes."""

import asyncio
import json
from typing import Any

from tests.conftest import FOLLOWED
from tests.integration.conftest import Enter
from tests.support.eventually import eventually
from tests.support.launcher import START_WAIT_S, Launched
from tests.support.web_server import WebServer

#: An update of the root text ``content``, base64.
UPDATE = "AQHw6ZoEAAQBB2NvbnRlbnQBeAA="


def steps(log: str, unique_id: str) -> list[dict[str, Any]]:
    """Return the log's lines of an operation, in order."""
    lines = [json.loads(line) for line in log.splitlines() if unique_id in line]
    return [line for line in lines if line["logger"] == "scriptorium.operations"]


async def test_edit_is_followed_from_the_socket_to_the_worker(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """By one id, on two servers and in a worker; each line has the author and the server."""
    with WebServer(stack, "web-other", FOLLOWED) as other:
        grace = await enter("grace", document_id, native=True, url=other.ws_url)
        ada = await enter("ada", document_id, native=True)
        for client in (grace, ada):
            await client.until(client.synced.is_set)
        unique_id = await ada.append("a word")
        await ada.until_ack(unique_id)
        worker = await asyncio.to_thread(
            eventually, lambda: steps(stack.log("worker"), unique_id), START_WAIT_S
        )
        there = await asyncio.to_thread(
            eventually, lambda: steps(other.log_file.read_text(), unique_id), START_WAIT_S
        )
    web = steps(stack.log("web"), unique_id)
    assert [line["step"] for line in web] == ["received", "stored", "broadcast"]
    assert [line["step"] for line in there] == ["broadcast"]
    assert {line["step"] for line in worker} == {"processed"}
    for line in [*web[1:], *there, *worker]:
        assert (line["document_id"], line["seq"]) == (document_id, 1)
    assert [one[0]["server_id"] for one in (web, there, worker)] == [
        "web-1",
        "web-other",
        "worker",
    ]


async def test_edit_is_followed_from_the_socket_or_request_that_brought_it(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """Each by its own id, also with two writers in one room; up to the worker."""
    ada = await enter("ada", document_id, native=True, headers={"X-Request-ID": "adas-socket"})
    grace = await enter("grace", document_id, native=True)
    assert ada.request_id == "adas-socket"
    edits = {"by-rest": "an edit by REST"}
    for client in (ada, grace):
        await client.until(client.synced.is_set)
        edits[client.request_id] = await client.append(f"of {client.request_id}")
        await client.until_ack(edits[client.request_id])
    answer = await asyncio.to_thread(
        stack.call,
        "ada",
        "POST",
        f"documents/{document_id}/operations/",
        json={"unique_id": edits["by-rest"], "update": UPDATE},
        headers={"X-Request-ID": "by-rest"},
    )
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (201, "by-rest")
    for request_id, unique_id in edits.items():
        worker = await asyncio.to_thread(
            eventually, lambda name=unique_id: steps(stack.log("worker"), name), START_WAIT_S
        )
        web = steps(stack.log("web"), unique_id)
        assert {"stored", "broadcast"} <= {line["step"] for line in web}
        assert {line["request_id"] for line in [*web, *worker]} == {request_id}
