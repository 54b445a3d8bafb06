"""Commits of a running server keep an interval while edits are many, and none otherwise."""

import asyncio

from tests.integration.conftest import Enter
from tests.integration.test_metrics import counted
from tests.support.clients import Client
from tests.support.eventually import eventually_async
from tests.support.launcher import Launched

INTERVAL = "scriptorium_commit_interval_seconds"
#: People with a document each, all of whom type as fast as their edits are stored: so many that one
#: commit of all of them counts as a high rate, however long it takes.
WRITERS = 80


async def test_many_writers_share_commits_and_one_waits_for_nobody(
    enter: Enter, stack: Launched
) -> None:
    """Every edit is acknowledged with the next seq, in both cases, and later read."""

    async def interval_s() -> float:
        return await asyncio.to_thread(counted, stack.url, INTERVAL)

    async def is_paced() -> bool:
        return await interval_s() > 0

    async def is_over() -> bool:
        return await interval_s() == 0

    writers = [
        await enter("ada", await asyncio.to_thread(stack.create_document), native=True)
        for _ in range(WRITERS)
    ]
    ending = asyncio.Event()
    typing = [asyncio.create_task(_type(writer, until=ending)) for writer in writers]
    await eventually_async(is_paced)
    ending.set()
    written = await asyncio.gather(*typing)
    assert all(count > 0 for count in written)
    await eventually_async(is_over)
    alone, *others = writers
    for other in others:
        await other.close()
    for number in range(20):
        assert await alone.until_ack(await alone.append("x")) == written[0] + number + 1
        assert await interval_s() == 0
    late = await enter("ada", others[0].document_id)
    await late.until_text("x" * written[1])


async def _type(writer: Client, *, until: asyncio.Event) -> int:
    """Type letter by letter, each once the one before is stored; return their number."""
    count = 0
    while not until.is_set():
        count += 1
        assert await writer.until_ack(await writer.append("x")) == count
    return count
