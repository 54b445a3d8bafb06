"""The main loop of the web server: few wake-ups, and an end at once."""

import asyncio
import signal

import pytest
import uvicorn

from apps.collab.servers import uvicorn_server
from apps.collab.servers.uvicorn_server import DocumentServer
from tests.support.eventually import eventually_async


def server() -> DocumentServer:
    """Return a server that serves nothing."""
    return DocumentServer(uvicorn.Config(lambda scope: None, log_config=None))


async def test_signal_ends_the_main_loop_without_another_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long a tick is."""
    monkeypatch.setattr(uvicorn_server, "TICK_S", 600.0)
    stopped = server()
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(stopped.main_loop())
        await asyncio.sleep(0)
        stopped.handle_exit(signal.SIGTERM, None)
    assert stopped.should_exit


async def test_signal_before_the_main_loop_ends_it() -> None:
    """While the server starts."""
    stopped = server()
    stopped.handle_exit(signal.SIGTERM, None)
    async with asyncio.timeout(60):
        await stopped.main_loop()


async def test_main_loop_renews_the_time_in_the_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """At each tick."""
    monkeypatch.setattr(uvicorn_server, "TICK_S", 0.01)
    ticking = server()
    ticking.config.load()
    ticking.server_state.default_headers = []

    async def is_renewed() -> bool:
        return b"date" in dict(ticking.server_state.default_headers)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ticking.main_loop())
        for _ in range(2):
            await eventually_async(is_renewed)
            ticking.server_state.default_headers = []
        ticking.handle_exit(signal.SIGTERM, None)
