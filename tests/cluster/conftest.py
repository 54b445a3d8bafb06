"""One ``make stack`` for the whole folder, and its servers one by one."""

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

#: Long after Kafka has brought an operation to a worker, also to one that takes over from another.
SWEEP_AFTER_S = "20"
#: Every program that has a pid file of its own.
PROGRAMS = (*SERVICES, "gateway", *WEB_SERVERS, *WORKERS, "beat")


@dataclass(frozen=True)
class Cluster:
    """A launched ``make stack`` and the ports behind its gateway."""

    stack: Launched
    ports: dict[str, int]

    def url(self, server: str) -> str:
        """Return the address of one web server, past the gateway."""
        return f"http://127.0.0.1:{self.ports[server]}"

    def ws_url(self, server: str) -> str:
        """Return the address of one web server's sockets, past the gateway."""
        return f"ws://127.0.0.1:{self.ports[server]}"

    def home_of(self, document_id: str) -> str:
        """Return which server the gateway asks for a document now, as its log says."""
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
    """Start it, in a path with a space; it ends with this folder's last test."""
    data_dir = Path(tmp_path_factory.mktemp("a cluster"))
    place = DataDir.open(data_dir, kind="stack")
    need_stack(place)
    launched = Launched(
        data_dir, action="stack", settings={**SHORT_WAITS, "SWEEP_AFTER_S": SWEEP_AFTER_S}
    )
    try:
        launched.wait_until_ready()
        yield Cluster(launched, {name: place.ports[name] for name in WEB_SERVERS})
    finally:
        everybody = family(launched.process.pid)
        launched.stop()
    assert len(everybody) > len(PROGRAMS)
    assert not [each for each in everybody if each.is_there]
    assert not [name for name in PROGRAMS if (data_dir / "run" / f"{name}.pid").exists()]


@pytest.fixture
def stack(cluster: Cluster) -> Launched:
    """Return the launched one."""
    return cluster.stack


@pytest.fixture
async def enter(cluster: Cluster) -> AsyncIterator[Enter]:
    """Return how people open a document, ``at="web-1"`` past the gateway."""
    async with AsyncExitStack() as sockets:

        async def open_client(username: str, document_id: str, **options: Any) -> Client:
            at = options.pop("at", None)
            url = cluster.ws_url(at) if at else cluster.stack.ws_url
            token = cluster.stack.token(username)
            return await sockets.enter_async_context(
                Client(url, document_id, token=token, **options)
            )

        yield open_client
