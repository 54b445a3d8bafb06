"""The programs of the embedded mode: how each one starts, stops, and shows that it is ready."""

import enum
import os
import shlex
import shutil
import socket
import ssl
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pymongo
import redis
from confluent_kafka.admin import AdminClient

from apps.embedded.binaries import postgres_binary, redis_binary
from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError

ROOT = Path(__file__).resolve().parents[2]
_CHILD = Path(__file__).with_name("exec_child.py")
_MANAGE = [sys.executable, str(ROOT / "manage.py")]
_CELERY = [sys.executable, "-m", "celery", "-A", "config"]
#: How long one question to a service may take, in seconds.
ASK_S = 2


class Stage(enum.IntEnum):
    """In which order programs stop, from the highest; those of one stage stop side by side.

    The web servers' last words go through the door, so it stays until they have ended.
    """

    SERVICES = 0
    DOOR = 1
    PRODUCT = 2


@dataclass(frozen=True)
class Program:
    """One supervised process. ``is_ready`` raises, whatever it likes, until the program serves.

    One that nobody can ask has none: it is ready when it has stood its first second.
    """

    name: str
    title: str
    command: list[str]
    is_ready: Callable[[], object] | None = None
    stop_signal: str = "TERM"
    #: Runs before the command, as the same process (``unshare …``).
    prefix: tuple[str, ...] = ()
    #: What it gets beside the environment of all.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Whether it runs in the data folder, rather than in that of the checkout.
    in_data_dir: bool = False
    stage: Stage = Stage.SERVICES

    def trouble(self, is_running: Callable[[str], object] = str) -> Exception | None:
        """Return why the program is not ready, None when it is.

        ``is_running(name)`` raises until it runs, by its supervisor's word.
        """
        try:
            is_running(self.name) if self.is_ready is None else self.is_ready()
        except Exception as err:  # noqa: BLE001 - each check fails in its library's own way
            return err
        return None

    def words(self, place: DataDir) -> list[str]:
        """Return the whole command, word by word."""
        return [
            *self.prefix,
            *child_command(place, self.name, f"SIG{self.stop_signal}"),
            *self.command,
        ]

    def command_line(self, place: DataDir) -> str:
        """Return the whole command as a shell would read it."""
        return shlex.join(self.words(place))


@dataclass(frozen=True)
class Site:
    """Where the web server listens, and how it calls itself."""

    host: str
    port: int
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Return the address for a browser on this machine."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"{self.scheme}://{host}:{self.port}"


def child_command(place: DataDir, name: str, stop_signal: str) -> list[str]:
    """Return the words that go before a command to make it a child with a pid file."""
    pid_file = str(place.pid_file(name))
    return [sys.executable, "-I", "-S", str(_CHILD), pid_file, stop_signal]


def services(place: DataDir) -> list[Program]:
    """Return the four services of ``make up``, in the order of their start."""
    return [postgres(place), redis_server(place), mongo_server(place), _kafka(place)]


def product(site: Site) -> list[Program]:
    """Return the three processes of Scriptorium in ``make up``."""
    return [web_server("web", site, server_id="web-1"), worker("worker"), beat()]


def web_server(name: str, site: Site, *, server_id: str) -> Program:
    """Return a web server; ``server_id`` is its name among the servers."""
    return Program(
        name,
        "Web server" if name == "web" else f"Web server {server_id}",
        [*_MANAGE, "serve", "--bind", site.host, "--port", str(site.port)],
        lambda: answers(f"{site.url}/readyz"),
        environment={"SERVER_ID": server_id},
        stage=Stage.PRODUCT,
    )


def worker(name: str) -> Program:
    """Return a Celery worker, with its Kafka consumer inside."""
    return Program(
        name,
        name.capitalize(),
        [*_CELERY, "worker", "--loglevel", "INFO", "--hostname", f"{name}@%h"],
        environment={"SERVER_ID": name},
        stage=Stage.PRODUCT,
    )


def beat() -> Program:
    """Return the clock of the workers; it keeps its schedule in the data folder."""
    return Program(
        "beat",
        "Beat",
        [*_CELERY, "beat", "--loglevel", "INFO", "--pidfile=", "--schedule", "beat-schedule"],
        environment={"SERVER_ID": "beat"},
        stage=Stage.PRODUCT,
        in_data_dir=True,
    )


# --- PostgreSQL ------------------------------------------------------------------------------


def postgres(place: DataDir) -> Program:
    """Return PostgreSQL as a program."""
    command = [
        str(postgres_binary(place, "postgres")),
        *("-D", str(place.data_dir / "postgres")),
        *("-h", "127.0.0.1", "-p", str(place.ports["postgres"])),
        *("-c", "unix_socket_directories="),
        *("-c", "max_connections=200"),
    ]

    def ask() -> None:
        with psycopg.connect(place.urls()["DATABASE_URL"], connect_timeout=ASK_S):
            pass

    # SIGINT is PostgreSQL's fast shutdown; SIGTERM waits for every client to leave.
    return Program("postgres", "PostgreSQL", command, ask, "INT", prefix=unprivileged())


def postgres_init_command(place: DataDir, folder: Path, password_file: Path) -> list[str]:
    """Return the command that makes a new database in a folder that is not there yet."""
    return [
        *unprivileged(),
        str(postgres_binary(place, "initdb")),
        *("--pgdata", str(folder)),
        *("--username", "scriptorium", "--pwfile", str(password_file)),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
    ]


def unprivileged() -> tuple[str, ...]:
    """Return what lets PostgreSQL start as root: a user namespace in which we are not root.

    The files stay root's own, and the process id the same. Raises ``EmbeddedError`` where that
    cannot be.
    """
    if os.geteuid() != 0:
        return ()
    if shutil.which("unshare") is None:
        raise EmbeddedError(
            "PostgreSQL does not run as root, and `unshare` (package util-linux) is not there to "
            "help. Run `make up` as a plain user, or install util-linux."
        )
    return ("unshare", "--user", "--map-user=1000", "--map-group=1000")


# --- Redis, the MongoDB wire server, Kafka ---------------------------------------------------


def redis_server(place: DataDir) -> Program:
    """Return Redis as a program."""
    return Program(
        "redis",
        "Redis",
        [
            str(redis_binary(place)),
            str(redis_config_file(place)),
            *("--bind", "127.0.0.1", "--port", str(place.ports["redis"])),
            *("--dir", str(place.data_dir / "redis")),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        ],
        lambda: redis.Redis.from_url(place.urls()["REDIS_URL"], socket_timeout=ASK_S).ping(),
    )


def redis_config_file(place: DataDir) -> Path:
    """Return where Redis reads its password: everybody on this machine reads command lines."""
    return place.data_dir / "run" / "redis.conf"


def mongo_server(place: DataDir) -> Program:
    """Return the embedded server of the MongoDB wire protocol as a program."""

    def ask() -> None:
        # The driver waits half a second after a port that refuses it.
        socket.create_connection(("127.0.0.1", place.ports["mongo"]), ASK_S).close()
        url = place.urls()["MONGODB_URL"]
        with pymongo.MongoClient[dict[str, object]](
            url, serverSelectionTimeoutMS=ASK_S * 1000
        ) as client:
            client.admin.command("ping")

    return Program(
        "mongo",
        "MongoDB",
        [
            *(sys.executable, "-m", "apps.embedded.mongo_server"),
            *("--data-dir", str(place.data_dir / "mongo")),
            *("--port", str(place.ports["mongo"])),
        ],
        ask,
    )


def _kafka(place: DataDir) -> Program:
    port = place.ports["kafka"]
    settings: dict[str, str | int | float | bool] = {
        "bootstrap.servers": f"127.0.0.1:{port}",
        "log_level": 0,
    }
    return Program(
        "kafka",
        "Kafka",
        [sys.executable, "-m", "apps.embedded.mock_kafka", "--port", str(port)],
        lambda: AdminClient(settings).list_topics(timeout=ASK_S),
    )


# --- help ------------------------------------------------------------------------------------


def answers(url: str) -> None:
    """Raise unless an address of this machine answers with a page; any certificate will do."""
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - nothing is told to it
    with urllib.request.urlopen(url, timeout=ASK_S, context=context) as answer:  # noqa: S310 - our own address
        answer.read()
