"""SIGKILL to each process while four people type (§8, §9; DESIGN, invariants 1 to 3)."""

import asyncio
import base64
import time
from contextlib import AsyncExitStack
from typing import Any

import pycrdt
import pytest

from tests.crash.typing_people import TypingPerson
from tests.integration.conftest import read_log, until_processed
from tests.support.control import wait_until_back
from tests.support.eventually import eventually_async
from tests.support.launcher import Launched

#: How often each process is killed while people type.
KILLS = 2
#: Words that must have been written by each between two kills.
WORDS = 20
PATIENCE_S = 90

PROCESSES = ("web", "worker", "beat", "postgres", "redis", "mongo", "kafka")


@pytest.mark.parametrize("process", PROCESSES)
async def test_killed_process_loses_nothing_seen_and_nothing_acknowledged(
    process: str, stack: Launched
) -> None:
    """Two native and two stock clients type; the process dies twice and comes back by itself."""
    document_id = stack.create_document("ada", grace="editor")
    async with AsyncExitStack() as here:
        people = [
            await here.enter_async_context(
                TypingPerson(
                    stack.ws_url,
                    document_id,
                    stack.token(username),
                    name=f"{username}{'native' if native else 'stock'}",
                    native=native,
                    seed=seed,
                )
            )
            for seed, (username, native) in enumerate(
                (name, native) for name in ("ada", "grace") for native in (True, False)
            )
        ]
        for _ in range(KILLS):
            await _until_written(people, WORDS)
            pid = stack.kill(process)
            await asyncio.to_thread(wait_until_back, stack, process, pid)
        await _until_written(people, WORDS)
        for person in people:
            person.stop_typing()
        await _until_converged(people)
        check_nothing_lost(stack, document_id, people)
        await asyncio.to_thread(
            until_processed, stack, document_id, len(read_log(stack, document_id))
        )


async def _until_written(people: list[TypingPerson], words: int) -> None:
    """Wait until everybody has written so much more, and seen something of somebody."""
    goals = [len(person.written) + words for person in people]

    async def done() -> bool:
        return all(
            len(person.written) >= goal and person.seen
            for person, goal in zip(people, goals, strict=True)
        )

    await eventually_async(done, PATIENCE_S)


async def _until_converged(people: list[TypingPerson]) -> None:
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


def check_nothing_lost(stack: Launched, document_id: str, people: list[TypingPerson]) -> None:
    """Hold the log, replayed by itself, against what everybody saw and was promised."""
    rows = read_log(stack, document_id)
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    ids = [row["unique_id"] for row in rows]
    assert len(ids) == len(set(ids))
    replayed: pycrdt.Doc[Any] = pycrdt.Doc()
    content: pycrdt.Text = replayed.get("content", type=pycrdt.Text)
    for row in rows:
        replayed.apply_update(base64.b64decode(row["update"]))
    words = str(content).split()
    assert len(words) == len(set(words)), "a word stands twice"
    for person in people:
        assert person.seen <= set(words), f"{person.name} saw what is gone"
        assert set(person.acknowledged) <= set(ids), f"{person.name} was promised what is gone"
        assert person.text == str(content)
    state = stack.call("ada", "GET", f"documents/{document_id}/state/")
    stored: pycrdt.Doc[Any] = pycrdt.Doc()
    stored.apply_update(state.content)
    assert str(stored.get("content", type=pycrdt.Text)) == str(content)
