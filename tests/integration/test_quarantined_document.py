"""A document whose load takes too long: its people are told, and everybody else notices nothing."""

import asyncio
import json
import time
from typing import Any

import pymongo
import requests

from apps.collab import close_codes
from apps.core import clock, ids
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import encode_vector
from apps.oplog.operation import Operation
from tests.crdt.engine.placing import encoded
from tests.crdt.engine.test_merge_cost import claims_by_one, text
from tests.integration.conftest import Enter
from tests.support.launcher import Launched

#: Items that hold a process for 40 s.
MANY = 24_000
#: How long a probe may take meanwhile, in seconds: 0.25 s on a machine with nothing else to do.
PROBE_MAX_S = 2.0


def poison(stack: Launched, document_id: str) -> None:
    """Write an attack into the log, as a server before this answer would have done."""
    update = encoded(text(MANY) + claims_by_one(MANY))
    vector = encode_vector(read_update(update).end_vector())
    attack = Operation(document_id, 1, ids.new_id(), "1", clock.now(), vector, update)
    with pymongo.MongoClient[dict[str, Any]](stack.settings()["MONGODB_URL"]) as mongo:
        database = mongo.get_default_database()
        database["crdt_operations"].insert_one(attack.to_row())
        database["documents"].update_one(
            {"_id": document_id}, {"$set": {"seq": 1, "version_vector": vector}}
        )


async def worst_probe(stack: Launched, stop: asyncio.Event) -> float:
    """Return the longest answer of the liveness probe until ``stop``, in seconds."""
    worst = 0.0
    while not stop.is_set():
        began = time.monotonic()
        await asyncio.to_thread(requests.get, f"{stack.url}/healthz", timeout=60)
        worst = max(worst, time.monotonic() - began)
    return worst


async def test_document_that_is_too_slow_is_quarantined_and_rebuilt(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """Close code 4423 with words, 423 by REST; then an operator opens it (finding C2)."""
    poison(stack, document_id)
    other = stack.create_document("grace")
    grace = await enter("grace", other, native=True)
    stop = asyncio.Event()
    probing = asyncio.create_task(worst_probe(stack, stop))

    ada = await enter("ada", document_id, native=True)
    assert await ada.until_closed() == close_codes.QUARANTINED
    assert "administrator" in (ada.close_reason or "")
    for path in ("export/txt/", "state/", "authorship/"):
        answer = await asyncio.to_thread(
            stack.call, "ada", "GET", f"documents/{document_id}/{path}"
        )
        assert answer.status_code == 423, answer.text
        assert answer.json()["code"] == "document_quarantined"
    await grace.until_ack(await grace.append("undisturbed"))
    stop.set()
    assert await probing < PROBE_MAX_S

    listed = stack.manage("quarantine", "list", "--document", document_id, "--json").splitlines()
    assert json.loads(listed[0])["reason"] == "too_slow"
    rebuilt = json.loads(stack.manage("quarantine", "rebuild", document_id, "--json"))
    assert rebuilt["skipped"] == [1]
    ada = await enter("ada", document_id, native=True)
    await ada.until_ack(await ada.append("open again"))
