"""What is measured: Scriptorium on two kinds of services, and the servers that it is put beside."""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from apps.embedded.data_dir import SERVICES
from benchmarks.generating import HERE, Generator, Told, Words
from tests.support.launcher import ROOT, Launched

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


class Subject(Protocol):
    """Something to measure."""

    @property
    def name(self) -> str:
        """Return its name in the results."""

    @property
    def services(self) -> str:
        """Return what it stands on, as the results say it."""

    @property
    def scenarios(self) -> frozenset[str]:
        """Return what it can be measured by."""

    def measure(self, scenario: str, generator: Generator) -> Sequence[Told]:
        """Measure a scenario once. Raises ``MeasurementError`` or ``AssertionError``."""

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

    def measure(self, scenario: str, generator: Generator) -> Sequence[Told]:
        """Measure a scenario once. Raises ``MeasurementError``."""
        return generator.run(scenario, self.name, self._words)

    def _words(self, port: int) -> Words:
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
    scenarios = frozenset({*(f"S{number}" for number in range(1, 11)), "S13"})

    def __init__(self, folder: Path, kind: str = EMBEDDED) -> None:
        self.kind = kind
        self.services = services_named(kind)
        self._folder = folder
        self._started: Launched | None = None

    def measure(self, scenario: str, generator: Generator) -> Sequence[Told]:
        """Measure a scenario once. Raises ``MeasurementError``."""
        return generator.run(scenario, self.name, self._words)

    def _words(self, port: int) -> Words:
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
        if self.kind == EMBEDDED:
            settings = {"ACCESS_TOKEN_MINUTES": IDENTITY_MINUTES}
            self._started = Launched(self._folder, action="services", settings=settings)
        else:
            self._started = FullSize(self._folder)
        self._started.wait_until_ready()
        if self.kind == FULL_SIZE:
            self._started.manage("kafka_topics")
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
        return identity_of(self._launched)

    @property
    def _service_pids(self) -> list[int]:
        return pids_of(self._launched, SERVICES)


class FullSize(Launched):
    """The services of ``make stack``, and of its product what the action says."""

    module = "benchmarks.full_size"

    def __init__(self, folder: Path, *, action: str = "services") -> None:
        given = {name: os.environ[name] for name in GIVEN if name in os.environ}
        settings = {"ACCESS_TOKEN_MINUTES": IDENTITY_MINUTES, **given}
        super().__init__(folder, action=action, settings=settings)


def services_named(kind: str) -> str:
    """Return how the results say on what Scriptorium stands."""
    if kind == FULL_SIZE and "MONGODB_URL" not in os.environ:
        return f"{FULL_SIZE}, MongoDB embedded"
    return kind


def identity_of(stack: Launched) -> str:
    """Return an access token of ada that lasts longer than any measurement."""
    return stack.manage("shell", "--verbosity", "0", "--command", _IDENTITY_PRINT).strip()


def pids_of(stack: Launched, names: Iterable[str]) -> list[int]:
    """Return the process ids of those of the named programs that run."""
    files = [stack.data_dir / "run" / f"{name}.pid" for name in names]
    return [int(file.read_text()) for file in files if file.exists()]


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
