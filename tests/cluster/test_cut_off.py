"""A server that is cut off from one of its services, while others reach all of them."""

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

#: Words that each person writes before the cut, and each connected one during it.
WORDS = 10
#: The name of each service in ``/readyz``.
NAMES = {"postgres": "postgresql", "redis": "redis", "mongo": "mongodb", "kafka": "kafka"}
DOCUMENTS = 6


@dataclass(frozen=True)
class CutOffServer:
    """A fourth server, each service behind a proxy; a gateway before it and ``web-1``."""

    server: WebServer
    proxies: dict[str, SlowProxy]
    gateway_url: str

    def readiness(self) -> dict[str, Any]:
        """Return the state of its services."""
        state: dict[str, Any] = requests.get(f"{self.server.url}/readyz", timeout=30).json()
        return state


@pytest.fixture(scope="module")
def cut_off(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CutOffServer]:
    """Start them."""
    data_dir = DataDir.open(cluster.stack.data_dir, kind="stack")
    urls = cluster.stack.settings()
    own = DataDir.open(Path(tmp_path_factory.mktemp("a gateway")), kind="stack")
    with ExitStack() as stack:
        proxies = {name: stack.enter_context(SlowProxy(data_dir.ports[name])) for name in SERVICES}
        for name, proxy in proxies.items():
            there, here = f":{data_dir.ports[name]}", f":{proxy.port}"
            urls = {variable: url.replace(there, here) for variable, url in urls.items()}
        server = stack.enter_context(WebServer(cluster.stack, "web-cut-off", urls))
        ports = [server.port, cluster.ports["web-1"]]
        gateway = Gateway(Site("127.0.0.1", free_port()), ports, body_bytes=8 * 1024 * 1024)
        yield CutOffServer(server, proxies, stack.enter_context(running(gateway, own)))


@pytest.mark.parametrize("service", SERVICES)
async def test_cut_off_server_reports_its_service_and_loses_nothing(
    service: str, cluster: Cluster, cut_off: CutOffServer
) -> None:
    """Two people write on it, two on another; reads through the gateway never fail."""
    stack = cluster.stack
    document_id = stack.create_document("ada", grace="editor")
    here, there = cluster.ws_url("web-1"), cut_off.server.ws_url
    async with crowd(stack, document_id, [there, here, here, there]) as people:
        await until_written(people, WORDS)
        with cut_off.proxies[service].cut():
            state = await asyncio.to_thread(eventually, lambda: _failing(cut_off, service), 30)
            assert [
                name for name, service_state in state["services"].items() if service_state != "ok"
            ] == [NAMES[service]]
            assert state["status"] == ("degraded" if service == "kafka" else "not ready")
            await until_acknowledged(people[2:3], WORDS)
            await asyncio.to_thread(_check_reads, cluster, cut_off)
        await asyncio.to_thread(eventually, lambda: cut_off.readiness()["status"] == "ready", 30)
        await until_acknowledged(people, WORDS)
        await until_converged(people)
        await check_nothing_lost(stack, document_id, people)


def _failing(cut_off: CutOffServer, service: str) -> dict[str, Any] | None:
    state = cut_off.readiness()
    return state if state["services"][NAMES[service]] != "ok" else None


def _check_reads(cluster: Cluster, cut_off: CutOffServer) -> None:
    """Check that documents can be read through the gateway, on any server."""
    stack = cluster.stack
    headers = {"Authorization": f"Bearer {stack.token('ada')}"}
    for _ in range(DOCUMENTS):
        path = f"/api/v1/documents/{stack.create_document()}/state/"
        answer = requests.get(f"{cut_off.gateway_url}{path}", headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
