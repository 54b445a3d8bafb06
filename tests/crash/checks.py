"""Checks after any fault, from outside: by the people who typed, and by the log."""

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import pycrdt
import requests

from apps.crdt.codec.vectors import Vector, decode_vector, merge_into
from apps.history.snapshot import Snapshot, SnapshotDamagedError
from tests.crash.typing_people import TypingPerson
from tests.integration.conftest import read_log
from tests.support.control import states
from tests.support.eventually import eventually_async
from tests.support.launcher import Launched
from tests.support.stored import Stored, stored

PATIENCE_S = 90


@asynccontextmanager
async def crowd(
    stack: Launched, document_id: str, urls: Sequence[str] = ()
) -> AsyncIterator[list[TypingPerson]]:
    """Four people type in one document: ada and grace, each with a native and a stock client.

    ``urls`` are the servers that they are spread over, by default the stack's own.
    """
    servers = urls or [stack.ws_url]
    async with AsyncExitStack() as here:
        yield [
            await here.enter_async_context(
                TypingPerson(
                    servers[number % len(servers)],
                    document_id,
                    stack.token(username),
                    name=f"{username}{'native' if native else 'stock'}",
                    native=native,
                    seed=number,
                )
            )
            for number, (username, native) in enumerate(
                (name, native) for name in ("ada", "grace") for native in (True, False)
            )
        ]


async def until_written(people: list[TypingPerson], words: int) -> None:
    """Wait until each person has written this many more words and has seen words of others."""
    goals = [len(person.written) + words for person in people]

    async def done() -> bool:
        return all(
            len(person.written) >= goal and person.seen
            for person, goal in zip(people, goals, strict=True)
        )

    await eventually_async(done, PATIENCE_S)


async def until_acknowledged(people: Iterable[TypingPerson], words: int) -> None:
    """Wait until this many more words of each native client are acknowledged as persisted."""
    goals = [(person, len(person.acknowledged) + words) for person in people if person.native]

    async def done() -> bool:
        return all(len(person.acknowledged) >= goal for person, goal in goals)

    await eventually_async(done, PATIENCE_S)


async def seconds_until_next_ack(person: TypingPerson) -> float:
    """Wait until the next word that a native client writes is acknowledged as persisted."""
    began, number = time.monotonic(), len(person.written)

    async def done() -> bool:
        new = person.written[number : number + 1]
        return bool(new) and new[0] in person.acknowledged.values()

    await eventually_async(done, PATIENCE_S)
    return time.monotonic() - began


async def until_broken(people: Iterable[TypingPerson], times: int = 1) -> None:
    """Wait until the connection of each person has ended this often."""
    goals = [(person, person.breaks + times) for person in people]

    async def done() -> bool:
        return all(person.breaks >= goal for person, goal in goals)

    await eventually_async(done, PATIENCE_S)


async def until_converged(people: list[TypingPerson]) -> None:
    """Stop typing, and wait until each person has every word and nothing in flight."""
    for person in people:
        person.stop_typing()
    words = {word for person in people for word in person.written}

    async def done() -> bool:
        return all(person.is_settled and set(person.text.split()) == words for person in people)

    try:
        await eventually_async(done, PATIENCE_S)
    except AssertionError:
        state = {
            person.name: {
                "settled": person.is_settled,
                "missing": sorted(words - set(person.text.split()))[:5],
                "breaks": person.breaks,
            }
            for person in people
        }
        raise AssertionError(f"not converged at {time.monotonic():.0f}: {state}") from None
    assert len({person.text for person in people}) == 1


async def check_nothing_lost(
    stack: Launched, document_id: str, people: Sequence[TypingPerson]
) -> int:
    """Compare the log, replayed independently, with the screens of all people.

    Every seen or acknowledged edit is in it, all screens are equal, the server has the same
    content, the workers process it to its end, the latest snapshot fits it, and every process runs.
    Returns the number of operations.
    """
    log = Log(await asyncio.to_thread(read_log, stack, document_id))
    log.check()
    for person in people:
        assert person.seen <= log.words, f"{person.name} saw what is gone"
        assert set(person.acknowledged) <= log.ids, f"{person.name} was promised what is gone"
        assert person.text == log.text
    await asyncio.to_thread(_check_served, stack, document_id, log)
    with stored(stack, document_id) as store:
        await _until(lambda: (store.head(), store.processed()) == (log.head, log.head))
        await asyncio.to_thread(_check_snapshot, store, log)
    await _until(lambda: _all_run(stack))
    return log.head


async def until_published(stack: Launched, document_id: str) -> None:
    """Wait until Kafka has confirmed every operation, also those that the relay publishes."""
    with stored(stack, document_id) as store:
        await _until(lambda: store.published() == store.head())


class Log:
    """A document's log from REST, and the document that results from it."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self.rows = rows
        self.head = len(rows)
        self.ids = {row["unique_id"] for row in rows}
        self._doc = replay(rows)
        self.text = text_of(self._doc)
        self.words = set(self.text.split())

    @property
    def vector(self) -> Vector:
        """Return the version vector of the whole log."""
        return decode_vector(self._doc.get_state())

    def vector_at(self, seq: int) -> Vector:
        """Return the version vector after an operation: the sum of those up to it."""
        vector: Vector = {}
        for row in self.rows[:seq]:
            merge_into(vector, decode_vector(base64.b64decode(row["version_vector"])))
        return vector

    def check(self) -> None:
        """Check that it has no gap, no duplicate, and correct version vectors."""
        assert [row["seq"] for row in self.rows] == list(range(1, self.head + 1))
        assert len(self.ids) == self.head
        words = self.text.split()
        assert len(words) == len(set(words)), "a word stands twice"
        assert self.vector == self.vector_at(self.head)


def replay(
    rows: Iterable[dict[str, Any]], onto: "pycrdt.Doc[Any] | None" = None
) -> "pycrdt.Doc[Any]":
    """Apply rows of the log in their order, to an empty document or to ``onto``."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc() if onto is None else onto
    for row in rows:
        doc.apply_update(base64.b64decode(row["update"]))
    return doc


def text_of(doc: "pycrdt.Doc[Any]") -> str:
    """Return the text of a document as it is shown."""
    return str(doc.get("content", type=pycrdt.Text))


def latest_sound(versions: Iterable[dict[str, Any]]) -> Snapshot:
    """Return the latest snapshot whose content is intact."""
    for version in versions:
        with contextlib.suppress(SnapshotDamagedError):
            return Snapshot.decode(bytes(version["snapshot"]))
    raise AssertionError("no version is sound")


def _check_served(stack: Launched, document_id: str, log: Log) -> None:
    """Check that REST gives the same document as the log."""
    answer = stack.call("ada", "GET", f"documents/{document_id}/state/")
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["X-Document-Seq"]) == log.head
    served: pycrdt.Doc[Any] = pycrdt.Doc()
    served.apply_update(answer.content)
    assert text_of(served) == log.text
    assert decode_vector(served.get_state()) == log.vector


def _check_snapshot(store: Stored, log: Log) -> None:
    """Check that the latest snapshot and the log after it equal the whole log."""
    snapshot = latest_sound(store.versions())
    assert snapshot.seq <= log.head
    if snapshot.seq:
        assert snapshot.vector == log.vector_at(snapshot.seq)
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(snapshot.state)
    replay(log.rows[snapshot.seq :], onto=doc)
    assert text_of(doc) == log.text
    assert decode_vector(doc.get_state()) == log.vector


async def _until(predicate: Callable[[], bool]) -> None:
    """Wait for a condition that is evaluated in a thread."""
    await eventually_async(partial(asyncio.to_thread, predicate), PATIENCE_S)


def _all_run(stack: Launched) -> bool:
    """Return whether the supervisor has every process running."""
    ready = requests.get(f"{stack.url}/readyz", timeout=30)
    return set(states(stack).values()) == {"RUNNING"} and ready.ok
