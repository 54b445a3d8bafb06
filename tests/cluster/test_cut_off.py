"""A server that is cut off from one of its services, while all others reach all of them."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from apps.embedded.data_dir import SERVICES, DataDir
from apps.embedded.gateway import Gateway
from apps.embedded.programs import Site
from tests.cluster.conftest import Cluster
from tests.crash.checks import (
    check_nothing_lost,
    crowd,
    until_acknowledged,
    until_converged,
    until_written,
)
from tests.support.eventually import eventually
from tests.support.gateways import running
from tests.support.launcher import free_port
from tests.support.slow_proxy import SlowProxy
from tests.support.web_server import WebServer

#: Words that everybody has to write before the cut, and those who can meanwhile.
WORDS = 10
#: What ``/readyz`` calls each service.
NAMES = {"postgres": "postgresql", "redis": "redis", "mongo": "mongodb", "kafka": "kafka"}
DOCUMENTS = 6


@dataclass(frozen=True)
class Lonely:
    """A fourth server, each service behind a proxy; a gateway before it and ``web-1``."""

    server: WebServer
    proxies: dict[str, SlowProxy]
    gateway_url: str

    def readiness(self) -> dict[str, Any]:
        """Return what it says of its services."""
        said: dict[str, Any] = requests.get(f"{self.server.url}/readyz", timeout=30).json()
        return said


@pytest.fixture(scope="module")
def lonely(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lonely]:
    """Start them."""
    place = DataDir.open(cluster.stack.data_dir, kind="stack")
    urls = cluster.stack.settings()
    own = DataDir.open(Path(tmp_path_factory.mktemp("a gateway")), kind="stack")
    with ExitStack() as stack:
        proxies = {name: stack.enter_context(SlowProxy(place.ports[name])) for name in SERVICES}
        for name, proxy in proxies.items():
            there, here = f":{place.ports[name]}", f":{proxy.port}"
            urls = {variable: url.replace(there, here) for variable, url in urls.items()}
        server = stack.enter_context(WebServer(cluster.stack, "web-lonely", urls))
        ports = [server.port, cluster.ports["web-1"]]
        gateway = Gateway(Site("127.0.0.1", free_port()), ports, body_bytes=8 * 1024 * 1024)
        yield Lonely(server, proxies, stack.enter_context(running(gateway, own)))


@pytest.mark.parametrize("service", SERVICES)
async def test_server_cut_off_says_so_holds_nobody_else_up_and_loses_nothing(
    service: str, cluster: Cluster, lonely: Lonely
) -> None:
    """Two people write on it, two on another; reads through the gateway are answered all along."""
    stack = cluster.stack
    document_id = stack.create_document("ada", grace="editor")
    here, there = cluster.ws_url("web-1"), lonely.server.ws_url
    async with crowd(stack, document_id, [there, here, here, there]) as people:
        await until_written(people, WORDS)
        with lonely.proxies[service].cut():
            said = await asyncio.to_thread(eventually, lambda: _says(lonely, service), 30)
            assert [name for name, state in said["services"].items() if state != "ok"] == [
                NAMES[service]
            ]
            assert said["status"] == ("degraded" if service == "kafka" else "not ready")
            await until_acknowledged(people[2:3], WORDS)
            await asyncio.to_thread(_check_reads, cluster, lonely)
        await asyncio.to_thread(eventually, lambda: lonely.readiness()["status"] == "ready", 30)
        await until_acknowledged(people, WORDS)
        await until_converged(people)
        await check_nothing_lost(stack, document_id, people)


def _says(lonely: Lonely, service: str) -> dict[str, Any] | None:
    said = lonely.readiness()
    return said if said["services"][NAMES[service]] != "ok" else None


def _check_reads(cluster: Cluster, lonely: Lonely) -> None:
    """Check that documents can be read through the gateway, whichever server they live on."""
    stack = cluster.stack
    headers = {"Authorization": f"Bearer {stack.token('ada')}"}
    for _ in range(DOCUMENTS):
        path = f"/api/v1/documents/{stack.create_document()}/state/"
        answer = requests.get(f"{lonely.gateway_url}{path}", headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
