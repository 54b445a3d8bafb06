"""S12: a restarted worker catches up, in operations per second.

The supervisor stops the worker, operations are written through the web server, and the worker is
started again. The time is measured from its first progress to the end, so that it does not include
the start of Celery (``start_s`` is that).
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pymongo

from apps.collab.protocol import STAGE_PERSISTED
from benchmarks.generating import CaseResult, Generator
from benchmarks.subjects import EMBEDDED, FullSize, services_named
from tests.support.clients import Client
from tests.support.control import away
from tests.support.eventually import eventually
from tests.support.launcher import Launched

DOCUMENTS = 50
OPERATIONS, QUICK_OPERATIONS = 30_000, 6_000
#: Operations that a writer sends before it waits for the ack of the last one.
_OPERATIONS_PER_ACK = 200
_CATCH_UP_TIMEOUT_S = 120


class Worker:
    """A worker of Scriptorium, with a new Scriptorium for each measurement."""

    name = "scriptorium"
    scenarios = frozenset({"S12"})

    def __init__(self, folder: Path, kind: str) -> None:
        self.services = services_named(kind)
        self._kind = kind
        self._folder = folder
        self._count = 0

    def measure(self, scenario: str, generator: Generator) -> list[CaseResult]:
        """Measure it once. Raises ``AssertionError`` if it does not finish."""
        stack = self._launch()
        try:
            stack.wait_until_ready()
            return [("", _catch_up(stack, QUICK_OPERATIONS if generator.quick else OPERATIONS))]
        finally:
            stack.stop()

    def close(self) -> None:
        """Do nothing: each measurement has stopped its processes."""

    def _launch(self) -> Launched:
        self._count += 1
        folder = self._folder / str(self._count)
        if self._kind == EMBEDDED:
            return Launched(folder)
        return FullSize(folder, action="1+1")


def _catch_up(stack: Launched, count: int) -> dict[str, float]:
    documents = [stack.create_document() for _ in range(DOCUMENTS)]
    worker = next(name for name in ("worker", "worker-1") if _is_running(stack, name))
    with away(stack, worker):
        asyncio.run(_write(stack, documents, count // DOCUMENTS))
    started = time.perf_counter()
    settings = stack.settings()
    with pymongo.MongoClient[dict[str, Any]](settings["MONGODB_URL"]) as client:
        progress = Progress(client, documents)
        eventually(lambda: progress.read() > DOCUMENTS, _CATCH_UP_TIMEOUT_S)
        first, first_at = progress.last, time.perf_counter()
        goal = progress.written()
        eventually(lambda: progress.read() >= goal, _CATCH_UP_TIMEOUT_S)
        seconds = time.perf_counter() - first_at
    return {
        "operations_per_s": (goal - first) / seconds,
        "start_s": first_at - started,
        "caught_up_s": seconds,
    }


def _is_running(stack: Launched, name: str) -> bool:
    return (stack.data_dir / "run" / f"{name}.pid").exists()


class Progress:
    """The progress of the workers with some documents, in total."""

    def __init__(
        self, client: "pymongo.MongoClient[dict[str, Any]]", documents: Sequence[str]
    ) -> None:
        self._database = client.get_default_database()
        self._filter = {"_id": {"$in": list(documents)}}
        self.last = 0

    def read(self) -> int:
        """Return the number of processed operations."""
        rows = self._database["last_processed_version"].find(self._filter, {"seq": 1})
        self.last = sum(row["seq"] for row in rows)
        return self.last

    def written(self) -> int:
        """Return the number of operations in the log."""
        return sum(row["seq"] for row in self._database["documents"].find(self._filter, {"seq": 1}))


async def _write(stack: Launched, documents: Sequence[str], count: int) -> None:
    """Write this many operations into each document, a character each."""
    token = stack.token("ada")

    async def write(document_id: str) -> None:
        async with Client(stack.ws_url, document_id, token=token, native=True) as client:
            for begin in range(0, count, _OPERATIONS_PER_ACK):
                names = [
                    await client.insert(0, "x")
                    for _ in range(min(_OPERATIONS_PER_ACK, count - begin))
                ]
                last = (names[-1], STAGE_PERSISTED)
                await client.until(partial(_is_last, client, last), _CATCH_UP_TIMEOUT_S)
                client.acks.clear()

    for begin in range(0, len(documents), 10):
        await asyncio.gather(*map(write, documents[begin : begin + 10]))


def _is_last(client: Client, ack: tuple[str, int]) -> bool:
    return bool(client.acks) and client.acks[-1][:2] == ack
