"""A server is killed between two steps of an edit (docs/system-flow.md, §4)."""

import asyncio
import signal

import pytest

from apps.core.failpoints import EDIT_POINTS
from tests.crash.checks import check_nothing_lost, crowd, until_converged, until_written
from tests.support.launcher import Launched
from tests.support.web_server import WebServer

#: The server is killed when it reaches the failpoint for this time.
TIMES = 15
#: Words that each person writes afterwards.
WORDS = 10


@pytest.mark.parametrize("point", EDIT_POINTS)
async def test_server_that_dies_at_a_point_loses_nothing_seen_and_nothing_acknowledged(
    point: str, stack: Launched
) -> None:
    """Two of four people are connected to it; they reconnect to the other server and continue."""
    document_id = stack.create_document("ada", grace="editor")
    name = f"web-dies-{point}"
    settings = {"FAILPOINT": f"{point}:{TIMES}", "LOCK_LEASE_S": "1"}
    with WebServer(stack, name, settings) as server:
        here, there = stack.ws_url, server.ws_url
        async with crowd(stack, document_id, [there, here, here, there]) as people:
            assert await asyncio.to_thread(server.wait) == -signal.SIGKILL
            assert f"failpoint {point}" in stack.log(name)
            for person in people:
                person.move(here)
            await until_written(people, WORDS)
            await until_converged(people)
            await check_nothing_lost(stack, document_id, people)
