"""The subjects: Scriptorium on two kinds of services, and the servers that it is compared with."""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Protocol

from apps.embedded.data_dir import SERVICES
from benchmarks.generating import HERE, CaseResult, Generator, ServerOptions
from tests.support.launcher import ROOT, Launched

#: Lifetime of the access token, longer than any measurement.
ACCESS_MINUTES = "600"
#: All clients of a measurement are one person.
ONE_PERSON = {
    "LIMIT_SESSIONS_PER_PERSON": "1000000",
    "LIMIT_SESSIONS_PER_PERSON_IN_ROOM": "1000000",
}
#: The scenarios that start a server again on the documents that it had.
RESTARTS = frozenset({"S4", "S6", "S10"})
EMBEDDED = "embedded"
FULL_SIZE = "full-size"
#: The full-size services that the environment may name by URL.
EXTERNAL_VARIABLES = (
    "DATABASE_URL",
    "MONGODB_URL",
    "REDIS_URL",
    "CELERY_BROKER_URL",
    "KAFKA_BOOTSTRAP_SERVERS",
)
_ACCESS_SCRIPT = (
    "from apps.accounts.models import User\n"
    "from apps.accounts.tokens import access_token_for\n"
    "print(access_token_for(User.objects.get(username='ada')))"
)


class Subject(Protocol):
    """A server to measure."""

    @property
    def name(self) -> str:
        """Return its name in the results."""

    @property
    def services(self) -> str:
        """Return its kind of services in the results."""

    @property
    def scenarios(self) -> frozenset[str]:
        """Return the scenarios that it supports."""

    def measure(self, scenario: str, generator: Generator) -> Sequence[CaseResult]:
        """Measure a scenario once. Raises ``MeasurementError`` or ``AssertionError``."""

    def close(self) -> None:
        """Stop its processes."""


@dataclass(frozen=True)
class Peer:
    """A server of another project, with its own data folder."""

    name: str
    services: str
    command: Sequence[str]
    scenarios: frozenset[str]
    path: str = "{room}"
    dialect: str = "stock"
    persists: bool = False
    knows_documents: bool = True

    def measure(self, scenario: str, generator: Generator) -> Sequence[CaseResult]:
        """Measure a scenario once. Raises ``MeasurementError``."""
        return generator.run(scenario, self.name, self._options)

    def _options(self, port: int) -> ServerOptions:
        return {
            "command": list(self.command),
            "url": f"ws://127.0.0.1:{port}/{self.path}",
            "dialect": self.dialect,
            "batchDialect": self.dialect,
            "knowsDocuments": self.knows_documents,
            "persists": self.persists,
        }

    def close(self) -> None:
        """Do nothing: the generator stops the server."""


class Scriptorium:
    """A web server of the product, on services that run until ``close``."""

    name = "scriptorium"
    scenarios = frozenset({*(f"S{number}" for number in range(1, 11)), "S13", "S14"})

    def __init__(self, folder: Path, kind: str = EMBEDDED) -> None:
        self.kind = kind
        self.services = services_named(kind)
        self._folder = folder
        self._started: Launched | None = None

    def measure(self, scenario: str, generator: Generator) -> Sequence[CaseResult]:
        """Measure a scenario once. Raises ``MeasurementError``."""
        return generator.run(scenario, self.name, partial(self._options, scenario))

    def _options(self, scenario: str, port: int) -> ServerOptions:
        # The documents of the scenario before are none of this one.
        warm = {} if scenario in RESTARTS else {"WARM_START_DOCUMENTS": "0"}
        return {
            "command": [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port)],
            "environment": {**self._environment, **warm},
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
        """Start the services, and create tables and demo users."""
        if self.kind == EMBEDDED:
            settings = {"ACCESS_TOKEN_MINUTES": ACCESS_MINUTES}
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
            "ACCESS_TOKEN_MINUTES": ACCESS_MINUTES,
            **ONE_PERSON,
            "SERVER_ID": "web-1",
        }

    @cached_property
    def _token(self) -> str:
        return token_of(self._launched)

    @property
    def _service_pids(self) -> list[int]:
        return pids_of(self._launched, SERVICES)


class FullSize(Launched):
    """The services of ``make stack``, and the part of its product that the action names."""

    module = "benchmarks.full_size"

    def __init__(self, folder: Path, *, action: str = "services") -> None:
        external = {name: os.environ[name] for name in EXTERNAL_VARIABLES if name in os.environ}
        settings = {"ACCESS_TOKEN_MINUTES": ACCESS_MINUTES, **ONE_PERSON, **external}
        super().__init__(folder, action=action, settings=settings)


def services_named(kind: str) -> str:
    """Return the name of a kind of services in the results."""
    if kind == FULL_SIZE and "MONGODB_URL" not in os.environ:
        return f"{FULL_SIZE}, MongoDB embedded"
    return kind


def token_of(stack: Launched) -> str:
    """Return an access token of ada that lasts longer than any measurement."""
    return stack.manage("shell", "--verbosity", "0", "--command", _ACCESS_SCRIPT).strip()


def pids_of(stack: Launched, names: Iterable[str]) -> list[int]:
    """Return the process ids of the named programs that are running."""
    files = [stack.data_dir / "run" / f"{name}.pid" for name in names]
    return [int(file.read_text()) for file in files if file.exists()]


def full_size_is_available() -> bool:
    """Return whether this machine has the programs of ``make stack``."""
    search_path = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
    programs = all(
        shutil.which(name, path=search_path) for name in ("java", "nginx", "redis-server")
    )
    return programs and any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def peers() -> list[Subject]:
    """Return the servers of other projects."""
    typing = {"S1", "S2", "S3", "S7", "S9"}
    idle = {"S5", "S8"}
    return [
        Peer(
            "relay",
            "none",
            ("node", str(HERE / "peers" / "relay.mjs")),
            frozenset(typing | idle),
            knows_documents=False,
        ),
        Peer(
            "y-websocket-server",
            "none",
            ("node", str(HERE / "peers" / "y-websocket-server.mjs")),
            frozenset(typing | idle | {"S4", "S14"}),
        ),
        Peer(
            "hocuspocus",
            "SQLite",
            ("node", str(HERE / "peers" / "hocuspocus.mjs")),
            frozenset(typing | idle | {"S4", "S6", "S10", "S14"}),
            path="",
            dialect="hocuspocus",
            persists=True,
        ),
        Peer(
            "pycrdt-websocket",
            "SQLite",
            (str(HERE / ".venv" / "bin" / "python"), str(HERE / "peers" / "pycrdt_websocket.py")),
            frozenset(typing | idle | {"S4", "S6", "S10"}),
            persists=True,
        ),
    ]
