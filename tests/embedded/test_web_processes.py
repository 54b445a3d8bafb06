"""``WEB_PROCESSES=2 make up``: two web servers behind the load balancer, killed and stopped."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.exceptions import InvalidHandshake

from apps.embedded.balancer import ranked
from apps.embedded.data_dir import SERVICES, DataDir
from tests.conftest import SHORT_WAITS
from tests.crash.checks import (
    check_nothing_lost,
    crowd,
    until_converged,
    until_written,
)
from tests.integration.conftest import Enter
from tests.support.clients import Client
from tests.support.control import until_served
from tests.support.eventually import eventually, eventually_async
from tests.support.launcher import START_WAIT_S, Launched
from tests.support.processes import Running, family

SERVERS = ("web-1", "web-2")
PROGRAMS = (*SERVICES, "web", *SERVERS, "worker", "beat")
#: Words that each person writes before a fault, and after it.
WORDS = 10
#: Enough that each of two servers gets some, but for one run in 16,000.
DOCUMENTS = 15


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """Start it; nothing is left of it at the end."""
    settings = {**SHORT_WAITS, "WEB_PROCESSES": "2"}
    launched = Launched(tmp_path_factory.mktemp("two servers"), settings=settings)
    try:
        launched.wait_until_ready()
        yield launched
    finally:
        everybody = family(launched.process.pid)
        launched.stop()
    assert not [process for process in everybody if process.is_there]
    run = launched.data_dir / "run"
    assert not [name for name in PROGRAMS if (run / f"{name}.pid").exists()]
    assert not list(run.glob("*.sock"))


@pytest.fixture
async def enter(stack: Launched) -> AsyncIterator[Enter]:
    """Return a function that opens a document; all sockets are closed at the end."""
    async with AsyncExitStack() as sockets:

        async def open_client(username: str, document_id: str, **options: Any) -> Client:
            token = stack.token(username)
            client = Client(stack.ws_url, document_id, token=token, **options)
            return await sockets.enter_async_context(client)

        yield open_client


def url_of(stack: Launched, server: str) -> str:
    """Return the own address of a web server."""
    return f"http://127.0.0.1:{DataDir.open(stack.data_dir).ports[server]}"


def metric(stack: Launched, server: str, name: str) -> int:
    """Return a metric of one web server, by its own port."""
    text = requests.get(f"{url_of(stack, server)}/metrics", timeout=10).text
    found = re.search(rf"^{name} ([0-9.]+)", text, re.MULTILINE)
    assert found, text
    return int(float(found[1]))


def home_of(document_id: str) -> str:
    """Return the web server that gets a document, by the names of their sockets."""
    sockets = [f"{server}.sock" for server in SERVERS]
    return ranked(document_id.encode(), sockets)[0].removesuffix(".sock")


def test_each_process_has_a_pid_file_and_a_log(stack: Launched) -> None:
    """The load balancer is ``web``; the servers have numbers."""
    commands = {name: (Running.find(stack.pid(name)) or Running(0, 0)).command for name in PROGRAMS}
    assert "apps.embedded.balancer" in commands["web"]
    for server in SERVERS:
        assert "serve" in commands[server]
        assert (stack.data_dir / "log" / f"{server}.log").is_file()
    assert requests.get(f"{stack.url}/readyz", timeout=10).status_code == 200


async def test_sockets_of_a_document_are_on_one_server(stack: Launched, enter: Enter) -> None:
    """Each document on the one of its hash; both servers have some."""
    documents = [stack.create_document("ada", grace="editor") for _ in range(DOCUMENTS)]
    homes = Counter(map(home_of, documents))
    assert len(homes) == len(SERVERS)
    for document_id in documents:
        await enter("ada", document_id)
        await enter("grace", document_id)
    expected = {server: (homes[server], 2 * homes[server]) for server in SERVERS}
    names = ("scriptorium_rooms", "scriptorium_sessions")

    def found() -> dict[str, tuple[int, ...]]:
        return {server: tuple(metric(stack, server, n) for n in names) for server in SERVERS}

    eventually(lambda: found() == expected)


@pytest.mark.parametrize("process", ["server", "web"])
async def test_killed_process_loses_nothing_seen_and_nothing_acknowledged(
    process: str, stack: Launched
) -> None:
    """The server of the document, or the load balancer, while four people type."""
    document_id = stack.create_document("ada", grace="editor")
    name = home_of(document_id) if process == "server" else process
    async with crowd(stack, document_id) as people:
        await until_written(people, WORDS)
        breaks = [person.breaks for person in people]
        pid = await asyncio.to_thread(stack.kill, name)
        await until_written(people, WORDS)
        if process == "web":  # their sockets are the servers'
            assert [person.breaks for person in people] == breaks
        await asyncio.to_thread(stack.wait_for_another, name, pid)
        await asyncio.to_thread(until_served, f"{stack.url}/healthz")
        await until_converged(people)
        await check_nothing_lost(stack, document_id, people)


async def test_document_is_on_its_own_server_again_after_that_was_killed(
    stack: Launched, enter: Enter
) -> None:
    """Meanwhile the other one serves it."""
    document_id = stack.create_document("ada")
    home = home_of(document_id)
    other = next(server for server in SERVERS if server != home)
    before = metric(stack, other, "scriptorium_sessions")
    pid = stack.kill(home)
    client = await eventually_async(lambda: entered(enter, document_id), START_WAIT_S)
    assert client
    await client.until_ack(await client.append("kept "))
    assert metric(stack, other, "scriptorium_sessions") == before + 1
    stack.wait_for_another(home, pid)
    until_served(f"{url_of(stack, home)}/readyz")

    async def is_home() -> bool:
        second = await enter("ada", document_id)
        await second.until_text("kept ")
        return metric(stack, home, "scriptorium_sessions") > 0

    await eventually_async(is_home, 30)


async def entered(enter: Enter, document_id: str) -> Client | None:
    """Open a document; None where a process that is about to end got the connection."""
    try:
        client: Client = await enter("ada", document_id, native=True)
    except (InvalidHandshake, OSError):
        return None
    return client


def test_number_that_is_none_is_an_error_with_its_variable(tmp_path: Path) -> None:
    """As every other setting."""
    launched = Launched(tmp_path, settings={"WEB_PROCESSES": "0"})
    assert launched.process.wait(60) == 1
    assert "WEB_PROCESSES" in launched.output()
