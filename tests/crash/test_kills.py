"""SIGKILL to each process while four people type (docs/invariants.md, 1 to 3)."""

import asyncio

import pytest

from tests.crash.checks import (
    check_nothing_lost,
    crowd,
    until_converged,
    until_published,
    until_written,
)
from tests.crash.harm import kill
from tests.support.control import PROCESSES
from tests.support.launcher import Launched

#: How often each process is killed while people type.
KILLS = 2
#: Words that each person writes between two kills.
WORDS = 20


@pytest.mark.parametrize("process", PROCESSES)
async def test_killed_process_loses_nothing_seen_and_nothing_acknowledged(
    process: str, stack: Launched
) -> None:
    """Two native and two stock clients type; the process is killed twice and restarted."""
    document_id = stack.create_document("ada", grace="editor")
    async with crowd(stack, document_id) as people:
        for _ in range(KILLS):
            await until_written(people, WORDS)
            await asyncio.to_thread(kill, stack, [process])
        await until_written(people, WORDS)
        await until_converged(people)
        await check_nothing_lost(stack, document_id, people)
        await until_published(stack, document_id)
