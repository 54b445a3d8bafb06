"""Duration of recovery: ``make bench-recovery``, on a new Scriptorium, prints a table.

Each row is a median with its spread, and is added as a line of JSON to ``benchmarks/results``.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pycrdt
from pymongo import MongoClient
from websockets.exceptions import InvalidHandshake

from benchmarks.reporting import Report, launched
from tests.support.clients import Client
from tests.support.control import away
from tests.support.eventually import eventually
from tests.support.launcher import Launched
from tests.support.operations import Scribe
from tests.support.stored import stored

#: Operations after the snapshot.
TAIL_LENGTHS = (100, 1_000, 10_000, 100_000)
#: Characters of a document that is one operation.
DOCUMENT_SIZES = (10_000, 100_000, 1_000_000)
REPEATS = 5
#: Duration of an outage of Kafka, and of typing, in seconds.
OUTAGE_S = 60
TYPING_S = 5
_ROWS_PER_INSERT = 5_000
#: How long catching up may take, in seconds.
CATCH_UP_TIMEOUT_S = 300


def main() -> None:
    """Measure everything."""
    report = Report("recovery")
    with tempfile.TemporaryDirectory() as folder, launched(Path(folder)) as stack:
        for tail in TAIL_LENGTHS:
            _measure_load(stack, report, f"{tail} operations after the snapshot", ["x "] * tail)
        for size in DOCUMENT_SIZES:
            _measure_load(stack, report, f"one operation of {size} letters", ["x" * size])
        report.row("SIGKILL of web to next accepted edit", "s", asyncio.run(_web_killed(stack)))
        usual, without, catch_up = asyncio.run(_kafka_away(stack))
        report.row("edits/s, Kafka there", "1/s", [usual])
        report.row("edits/s, Kafka away", "1/s", [without])
        report.row("ratio of the two", "", [without / usual])
        report.row(f"catch-up after {OUTAGE_S} s without Kafka", "s", [catch_up])


def _measure_load(stack: Launched, report: Report, scenario: str, texts: Sequence[str]) -> None:
    """Write a log directly to MongoDB, and rebuild the document as a new server would."""
    document_id = stack.create_document("ada")
    scribe = Scribe(document_id)
    with MongoClient[dict[str, Any]](stack.settings()["MONGODB_URL"]) as client:
        rows = client.get_default_database()["crdt_operations"]
        for start in range(0, len(texts), _ROWS_PER_INSERT):
            batch = [
                scribe.write(text).to_row() for text in texts[start : start + _ROWS_PER_INSERT]
            ]
            rows.insert_many(batch)
    values = []
    for _ in range(REPEATS):
        recovery = json.loads(stack.manage("recover_document", document_id, "--explain", "--json"))
        if recovery["seq"] != len(texts):
            raise RuntimeError(f"not all was recovered: {recovery}")
        values.append(sum(recovery["ms"].values()))
    report.row(scenario, "ms", values)


async def _web_killed(stack: Launched) -> list[float]:
    """Kill the web server, and reconnect until an edit is in the log again."""
    document_id = stack.create_document("ada")
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    values = []
    for _ in range(REPEATS):
        await _edit(stack, document_id, doc)
        stack.kill("web")
        started = time.perf_counter()
        while True:
            try:
                await _edit(stack, document_id, doc)
                break
            except (OSError, InvalidHandshake):
                await asyncio.sleep(0.05)
        values.append(time.perf_counter() - started)
    return values


async def _edit(stack: Launched, document_id: str, doc: "pycrdt.Doc[Any]") -> None:
    token = stack.token("ada")
    async with Client(stack.ws_url, document_id, token=token, native=True, doc=doc) as client:
        await client.until_ack(await client.append("x"))


async def _kafka_away(stack: Launched) -> tuple[float, float, float]:
    """Type with and without Kafka; return both rates, and the time to lag 0 afterwards.

    Each rate is that of a new document, because an edit costs slightly more in a longer one.
    """
    usual = await _typing(stack, stack.create_document("ada"), TYPING_S)
    document_id = stack.create_document("ada")
    with away(stack, "kafka"):
        started = time.perf_counter()
        without = await _typing(stack, stack.create_document("ada"), TYPING_S)
        await _typing(stack, document_id, OUTAGE_S - (time.perf_counter() - started))
    started = time.perf_counter()
    with stored(stack, document_id) as store:
        await asyncio.to_thread(
            eventually,
            lambda: store.published() == store.processed() == store.head(),
            CATCH_UP_TIMEOUT_S,
        )
    return usual, without, time.perf_counter() - started


async def _typing(stack: Launched, document_id: str, seconds: float) -> float:
    """Type one edit after the other, each once the last is persisted; return edits per second."""
    started, count = time.perf_counter(), 0
    async with Client(stack.ws_url, document_id, token=stack.token("ada"), native=True) as client:
        while time.perf_counter() - started < seconds:
            await client.until_ack(await client.insert(0, "x"))
            count += 1
    return count / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
