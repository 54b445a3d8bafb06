"""One ``make stack`` for all tests of this folder, and the addresses of its servers."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apps.embedded.data_dir import SERVICES, DataDir
from apps.embedded.stack import WEB_SERVERS, WORKERS
from tests.conftest import SHORT_WAITS
from tests.integration.conftest import Enter
from tests.support.clients import Client
from tests.support.eventually import eventually
from tests.support.launcher import Launched
from tests.support.needs import need_stack
from tests.support.processes import family

#: Longer than Kafka takes to deliver an operation, also after a rebalance, in seconds.
SWEEP_AFTER_S = "20"
#: Every program with a pid file.
PROGRAMS = (*SERVICES, "gateway", *WEB_SERVERS, *WORKERS, "beat")


@dataclass(frozen=True)
class Cluster:
    """A launched ``make stack`` and the ports behind its gateway."""

    stack: Launched
    ports: dict[str, int]

    def url(self, server: str) -> str:
        """Return the address of one web server, without the gateway."""
        return f"http://127.0.0.1:{self.ports[server]}"

    def ws_url(self, server: str) -> str:
        """Return the address of one web server's sockets, without the gateway."""
        return f"ws://127.0.0.1:{self.ports[server]}"

    def home_of(self, document_id: str) -> str:
        """Return the server to which the gateway routes a document, by its log."""
        path = f"/api/v1/documents/{document_id}/"
        seen = self.stack.log("gateway").count(f'"GET {path}"')
        self.stack.call("ada", "GET", f"documents/{document_id}/")
        line = re.compile(rf'"GET {path}" .* to="(?:.*, )?127\.0\.0\.1:(\d+)"')
        ports = eventually(
            lambda: found if len(found := line.findall(self.stack.log("gateway"))) > seen else None
        )
        assert ports is not None
        return next(name for name, port in self.ports.items() if port == int(ports[-1]))


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start it, in a path with a space; stop it after the last test of this folder."""
    folder = Path(tmp_path_factory.mktemp("a cluster"))
    data_dir = DataDir.open(folder, kind="stack")
    need_stack(data_dir)
    launched = Launched(
        folder, action="stack", settings={**SHORT_WAITS, "SWEEP_AFTER_S": SWEEP_AFTER_S}
    )
    try:
        launched.wait_until_ready()
        yield Cluster(launched, {name: data_dir.ports[name] for name in WEB_SERVERS})
    finally:
        everybody = family(launched.process.pid)
        launched.stop()
    assert len(everybody) > len(PROGRAMS)
    assert not [process for process in everybody if process.is_there]
    assert not [name for name in PROGRAMS if (folder / "run" / f"{name}.pid").exists()]


@pytest.fixture
def stack(cluster: Cluster) -> Launched:
    """Return the launched stack."""
    return cluster.stack


@pytest.fixture
async def enter(cluster: Cluster) -> AsyncIterator[Enter]:
    """Return a function that opens a document; ``at="web-1"`` bypasses the gateway."""
    async with AsyncExitStack() as sockets:

        async def open_client(username: str, document_id: str, **options: Any) -> Client:
            at = options.pop("at", None)
            url = cluster.ws_url(at) if at else cluster.stack.ws_url
            token = cluster.stack.token(username)
            return await sockets.enter_async_context(
                Client(url, document_id, token=token, **options)
            )

        yield open_client
