"""S12: a worker that was away catches up, in operations per second.

The worker is stopped by its supervisor, operations are written through the web server, and the
worker is started again. Time runs from its first progress to the end, so that the start of Celery
is not in it (``start_s`` has that).
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pymongo

from apps.collab.protocol import STAGE_PERSISTED
from benchmarks.generating import Generator, Told
from benchmarks.subjects import EMBEDDED, FullSize, services_named
from tests.support.clients import Client
from tests.support.control import away
from tests.support.eventually import eventually
from tests.support.launcher import Launched

DOCUMENTS = 50
OPERATIONS, QUICK_OPERATIONS = 30_000, 6_000
#: How many a document's writer sends before it waits for the last one's ack.
_AT_ONCE = 200
_CATCH_UP_WAIT_S = 120


class Worker:
    """A worker of Scriptorium, on a Scriptorium of its own for each measurement."""

    name = "scriptorium"
    scenarios = frozenset({"S12"})

    def __init__(self, folder: Path, kind: str) -> None:
        self.services = services_named(kind)
        self._kind = kind
        self._folder = folder
        self._count = 0

    def measure(self, scenario: str, generator: Generator) -> list[Told]:
        """Measure it once. Raises ``AssertionError`` where it does not come to an end."""
        stack = self._launch()
        try:
            stack.wait_until_ready()
            return [("", _catch_up(stack, QUICK_OPERATIONS if generator.quick else OPERATIONS))]
        finally:
            stack.stop()

    def close(self) -> None:
        """Do nothing: each measurement has stopped its own."""

    def _launch(self) -> Launched:
        self._count += 1
        folder = self._folder / str(self._count)
        if self._kind == EMBEDDED:
            return Launched(folder)
        return FullSize(folder, action="1+1")


def _catch_up(stack: Launched, count: int) -> dict[str, float]:
    documents = [stack.create_document() for _ in range(DOCUMENTS)]
    worker = next(name for name in ("worker", "worker-1") if _is_there(stack, name))
    with away(stack, worker):
        asyncio.run(_write(stack, documents, count // DOCUMENTS))
    started = time.perf_counter()
    settings = stack.settings()
    with pymongo.MongoClient[dict[str, Any]](settings["MONGODB_URL"]) as client:
        progress = Progress(client, documents)
        eventually(lambda: progress.read() > DOCUMENTS, _CATCH_UP_WAIT_S)
        first, first_at = progress.last, time.perf_counter()
        goal = progress.written()
        eventually(lambda: progress.read() >= goal, _CATCH_UP_WAIT_S)
        seconds = time.perf_counter() - first_at
    return {
        "operations_per_s": (goal - first) / seconds,
        "start_s": first_at - started,
        "caught_up_s": seconds,
    }


def _is_there(stack: Launched, name: str) -> bool:
    return (stack.data_dir / "run" / f"{name}.pid").exists()


class Progress:
    """How far the workers have come with some documents, all together."""

    def __init__(
        self, client: "pymongo.MongoClient[dict[str, Any]]", documents: Sequence[str]
    ) -> None:
        self._database = client.get_default_database()
        self._which = {"_id": {"$in": list(documents)}}
        self.last = 0

    def read(self) -> int:
        """Return how many operations are processed."""
        rows = self._database["last_processed_version"].find(self._which, {"seq": 1})
        self.last = sum(row["seq"] for row in rows)
        return self.last

    def written(self) -> int:
        """Return how many there are."""
        return sum(row["seq"] for row in self._database["documents"].find(self._which, {"seq": 1}))


async def _write(stack: Launched, documents: Sequence[str], count: int) -> None:
    """Write so many operations into each document, a letter each."""
    token = stack.token("ada")

    async def write(document_id: str) -> None:
        async with Client(stack.ws_url, document_id, token=token, native=True) as client:
            for begin in range(0, count, _AT_ONCE):
                names = [await client.insert(0, "x") for _ in range(min(_AT_ONCE, count - begin))]
                last = (names[-1], STAGE_PERSISTED)
                await client.until(partial(_is_last, client, last), _CATCH_UP_WAIT_S)
                client.acks.clear()

    for begin in range(0, len(documents), 10):
        await asyncio.gather(*map(write, documents[begin : begin + 10]))


def _is_last(client: Client, ack: tuple[str, int]) -> bool:
    return bool(client.acks) and client.acks[-1][:2] == ack
