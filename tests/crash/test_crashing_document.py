"""A document that ends each process that loads it: the processes find out, and go on without it."""

import asyncio
import json
from typing import Any

import pymongo

from apps.collab import close_codes
from apps.core import clock, ids
from apps.crdt.codec.structs import EMPTY_UPDATE, with_deletes
from apps.oplog.operation import Operation
from tests.crdt.engine.test_structure_guard import chain
from tests.support.clients import Client
from tests.support.eventually import eventually_async
from tests.support.launcher import Launched

#: Shared types inside each other: the engine's stack ends when they are deleted (ADR 0001).
TOO_DEEP = 60_000


def poison(stack: Launched, document_id: str) -> None:
    """Write into the log what the structure guard refuses, as an older server would have done."""
    updates = [chain(TOO_DEEP), with_deletes(EMPTY_UPDATE, [((1, 0), 1)])]
    vector = b"\x01\x01" + b"\xe0\xd4\x03"  # client 1: 60,000 clocks
    with pymongo.MongoClient[dict[str, Any]](stack.settings()["MONGODB_URL"]) as mongo:
        database = mongo.get_default_database()
        for seq, update in enumerate(updates, start=1):
            row = Operation(document_id, seq, ids.new_id(), "1", clock.now(), vector, update)
            database["crdt_operations"].insert_one(row.to_row())
        database["documents"].update_one(
            {"_id": document_id}, {"$set": {"seq": 2, "version_vector": vector}}
        )


async def code_of_a_visit(stack: Launched, document_id: str) -> int | None:
    """Open the document; return the close code, None where there is no answer."""
    try:
        async with Client(stack.ws_url, document_id, token=stack.token("ada")) as ada:
            return await ada.until_closed()
    except (OSError, AssertionError):
        return None


async def test_document_that_kills_its_processes_is_quarantined_by_crash(stack: Launched) -> None:
    """The others notice one reconnect, and their edits are there (finding F2)."""
    document_id = stack.create_document("ada")
    other = stack.create_document("grace")
    async with Client(stack.ws_url, other, token=stack.token("grace"), native=True) as grace:
        await grace.until_ack(await grace.append("before "))
    web = stack.pid("web")
    poison(stack, document_id)

    async def is_quarantined() -> bool:
        return await code_of_a_visit(stack, document_id) == close_codes.QUARANTINED

    await eventually_async(is_quarantined, 120)
    assert stack.pid("web") != web
    listed = stack.manage("quarantine", "list", "--document", document_id, "--json").splitlines()
    assert json.loads(listed[0])["reason"] == "crash"
    after = stack.pid("web")
    async with Client(stack.ws_url, other, token=stack.token("grace"), native=True) as grace:
        await grace.until_ack(await grace.append("after"))
    assert await code_of_a_visit(stack, document_id) == close_codes.QUARANTINED
    assert await asyncio.to_thread(stack.pid, "web") == after
