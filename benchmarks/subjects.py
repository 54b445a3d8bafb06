"""What is measured: Scriptorium on two kinds of services, and the servers that it is put beside."""

import os
import shutil
import sys
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

from tests.support.launcher import ROOT, Launched

HERE = Path(__file__).parent
#: Longer than any measurement.
IDENTITY_MINUTES = "600"
EMBEDDED = "embedded"
FULL_SIZE = "full-size"
#: The full-size services that the environment may name by URL.
GIVEN = ("DATABASE_URL", "MONGODB_URL", "REDIS_URL", "CELERY_BROKER_URL", "KAFKA_BOOTSTRAP_SERVERS")
_IDENTITY_PRINT = (
    "from apps.accounts.models import User\n"
    "from apps.accounts.tokens import access_token_for\n"
    "print(access_token_for(User.objects.get(username='ada')))"
)

#: What the generator is told of a server (``benchmarks/generator/run.mjs``).
Words = dict[str, Any]


class Subject(Protocol):
    """A server that the generator starts anew for each measurement."""

    name: str
    #: What it stands on, as the results say it.
    services: str
    scenarios: frozenset[str]

    @abstractmethod
    def words(self, port: int) -> Words:
        """Return how the generator starts and reaches it."""

    @abstractmethod
    def close(self) -> None:
        """Stop what belongs to it."""


@dataclass(frozen=True)
class Peer:
    """A server of other people, with what it stores in a folder of its own."""

    name: str
    services: str
    command: Sequence[str]
    scenarios: frozenset[str]
    path: str = "{room}"
    dialect: str = "stock"
    persists: bool = False
    knows_documents: bool = True

    def words(self, port: int) -> Words:
        """Return how the generator starts and reaches it."""
        return {
            "command": list(self.command),
            "url": f"ws://127.0.0.1:{port}/{self.path}",
            "dialect": self.dialect,
            "batchDialect": self.dialect,
            "knowsDocuments": self.knows_documents,
            "persists": self.persists,
        }

    def close(self) -> None:
        """Do nothing: the generator ends what it started."""


class Scriptorium:
    """A web server of the product, on services that run as long as this object."""

    name = "scriptorium"
    scenarios: ClassVar[frozenset[str]] = frozenset(f"S{number}" for number in range(1, 11))

    def __init__(self, folder: Path, kind: str = EMBEDDED) -> None:
        self.kind = kind
        self.services = kind
        if kind == FULL_SIZE and "MONGODB_URL" not in os.environ:
            self.services = f"{FULL_SIZE}, MongoDB embedded"
        self._folder = folder
        self._started: Launched | None = None

    def words(self, port: int) -> Words:
        """Return how the generator starts and reaches it; starts the services once."""
        return {
            "command": [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port)],
            "environment": self._environment,
            "url": f"ws://127.0.0.1:{port}/ws/documents/{{document}}?token={self._token}",
            "rest": f"http://127.0.0.1:{port}/api/v1",
            "token": self._token,
            "dialect": "stock",
            "batchDialect": "native",
            "knowsDocuments": True,
            "persists": True,
            "servicePids": self._service_pids,
        }

    def close(self) -> None:
        """Stop the services."""
        if self._started is not None:
            self._started.stop()

    @cached_property
    def _launched(self) -> Launched:
        """Start the services, with their tables and people."""
        settings = {"ACCESS_TOKEN_MINUTES": IDENTITY_MINUTES}
        if self.kind == EMBEDDED:
            self._started = Launched(self._folder, action="services", settings=settings)
        else:
            given = {name: os.environ[name] for name in GIVEN if name in os.environ}
            self._started = FullSize(self._folder, settings={**settings, **given})
        self._started.wait_until_ready()
        self._started.manage("migrate", "--no-input", "--verbosity", "0")
        self._started.manage("seed_demo")
        return self._started

    @cached_property
    def _environment(self) -> dict[str, str]:
        return {
            **self._launched.settings(),
            "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
            "ACCESS_TOKEN_MINUTES": IDENTITY_MINUTES,
            "SERVER_ID": "web-1",
        }

    @cached_property
    def _token(self) -> str:
        return self._launched.manage(
            "shell", "--verbosity", "0", "--command", _IDENTITY_PRINT
        ).strip()

    @property
    def _service_pids(self) -> list[int]:
        files = (self._launched.data_dir / "run").glob("*.pid")
        names = {"postgres", "redis", "mongo", "kafka"}
        return [int(file.read_text()) for file in files if file.stem in names]


class FullSize(Launched):
    """The services of ``make stack`` without the product (``benchmarks.full_size``)."""

    module = "benchmarks.full_size"

    def __init__(self, folder: Path, *, action: str = "services", settings: dict[str, str]) -> None:
        super().__init__(folder, action=action, settings=settings)


def full_size_is_there() -> bool:
    """Return whether this machine has what ``make stack`` stands on."""
    places = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
    programs = all(shutil.which(name, path=places) for name in ("java", "nginx", "redis-server"))
    return programs and any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def peers() -> list[Subject]:
    """Return the servers of others."""
    typing = {"S1", "S2", "S3", "S7", "S9"}
    held = {"S5", "S8"}
    return [
        Peer(
            "relay",
            "none",
            ("node", str(HERE / "peers" / "relay.mjs")),
            frozenset(typing | held),
            knows_documents=False,
        ),
        Peer(
            "y-websocket-server",
            "none",
            ("node", str(HERE / "peers" / "y-websocket-server.mjs")),
            frozenset(typing | held | {"S4"}),
        ),
        Peer(
            "hocuspocus",
            "SQLite",
            ("node", str(HERE / "peers" / "hocuspocus.mjs")),
            frozenset(typing | held | {"S4", "S6", "S10"}),
            path="",
            dialect="hocuspocus",
            persists=True,
        ),
        Peer(
            "pycrdt-websocket",
            "SQLite",
            (str(HERE / ".venv" / "bin" / "python"), str(HERE / "peers" / "pycrdt_websocket.py")),
            frozenset(typing | held | {"S4", "S6", "S10"}),
            persists=True,
        ),
    ]
