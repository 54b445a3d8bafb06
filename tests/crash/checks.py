"""What must hold after any fault, seen from outside: by those who typed, and by the log."""

import base64
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pycrdt

from tests.crash.typing_people import TypingPerson
from tests.integration.conftest import read_log
from tests.support.eventually import eventually_async
from tests.support.launcher import Launched

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
    """Wait until everybody has written so much more, and seen something of somebody."""
    goals = [len(person.written) + words for person in people]

    async def done() -> bool:
        return all(
            len(person.written) >= goal and person.seen
            for person, goal in zip(people, goals, strict=True)
        )

    await eventually_async(done, PATIENCE_S)


async def until_converged(people: list[TypingPerson]) -> None:
    """Let nobody type on, and wait until everybody has every word and nothing under way."""
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
