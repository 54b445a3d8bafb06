"""The programs of the embedded mode: how each one is started, stopped and probed."""

import enum
import ipaddress
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from apps.embedded.binaries import postgres_binary, redis_binary
from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.probes import (
    probe_http,
    probe_kafka,
    probe_mongo,
    probe_port,
    probe_postgres,
    probe_redis,
)

ROOT = Path(__file__).resolve().parents[2]
_CHILD = Path(__file__).with_name("exec_child.py")
_MANAGE = [sys.executable, str(ROOT / "manage.py")]
_CELERY = [sys.executable, "-m", "celery", "-A", "config"]
#: Messages by which Celery's workers know of each other: nothing here reads them.
_NO_EVENTS = ["--without-heartbeat", "--without-gossip", "--without-mingle"]


class Stage(enum.IntEnum):
    """The order in which programs stop: the highest stage first, all of one stage at once.

    The gateway is the entrypoint. It stops after the web servers, because their last answers go
    through it.
    """

    SERVICES = 0
    ENTRYPOINT = 1
    PRODUCT = 2


@dataclass(frozen=True)
class Program:
    """One supervised process. ``probe`` raises any exception until the program serves.

    A program that cannot be asked has no probe: it is ready once it has run for a second.
    """

    name: str
    title: str
    command: list[str]
    probe: Callable[[], object] | None = None
    stop_signal: str = "TERM"
    #: Runs before the command, as the same process (``unshare …``).
    prefix: tuple[str, ...] = ()
    #: Variables in addition to the environment of all programs.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Whether its working directory is the data folder; otherwise it is the checkout.
    in_data_dir: bool = False
    stage: Stage = Stage.SERVICES

    def readiness_error(self, check_running: Callable[[str], object] = str) -> Exception | None:
        """Return why the program is not ready, None when it is.

        A program without a probe is checked by ``check_running(name)``, which raises until the
        supervisor reports that the program is running.
        """
        try:
            check_running(self.name) if self.probe is None else self.probe()
        except Exception as err:  # noqa: BLE001 - each probe fails in its library's own way
            return err
        return None

    def argv(self, data_dir: DataDir) -> list[str]:
        """Return the whole command as a list of arguments."""
        return [
            *self.prefix,
            *child_command(data_dir, self.name, f"SIG{self.stop_signal}"),
            *self.command,
        ]

    def command_line(self, data_dir: DataDir) -> str:
        """Return the whole command as a shell would read it."""
        return shlex.join(self.argv(data_dir))


@dataclass(frozen=True)
class Site:
    """The address on which the web server listens."""

    host: str
    port: int
    scheme: str = "http"

    @property
    def is_loopback(self) -> bool:
        """Return whether only programs of this machine reach it."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def url(self) -> str:
        """Return the address for a browser on this machine."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"{self.scheme}://{host}:{self.port}"


def child_command(data_dir: DataDir, name: str, stop_signal: str) -> list[str]:
    """Return the arguments before a command that make it a child process with a pid file."""
    pid_file = str(data_dir.pid_file(name))
    return [sys.executable, "-I", "-S", str(_CHILD), pid_file, stop_signal]


def services(data_dir: DataDir) -> list[Program]:
    """Return the four services of ``make up``, in the order of their start."""
    return [postgres(data_dir), redis_server(data_dir), mongo_server(data_dir), _kafka(data_dir)]


def product(data_dir: DataDir, site: Site, *, web_processes: int = 1) -> list[Program]:
    """Return the processes of Scriptorium in ``make up``: web server, worker and beat.

    Several web servers are behind a load balancer. It listens at the site, and each of them also
    at a port of its own on loopback, for its metrics.
    """
    if web_processes == 1:
        return [web_server("web", site, server_id="web-1"), worker("worker"), beat()]
    sockets = {name: data_dir.connections_socket(name) for name in web_server_names(web_processes)}
    servers = [
        web_server(
            name, Site("127.0.0.1", data_dir.ports[name]), server_id=name, connections_from=path
        )
        for name, path in sockets.items()
    ]
    return [_balancer(site, list(sockets.values())), *servers, worker("worker"), beat()]


def web_server_names(count: int) -> list[str]:
    """Return the names of several web servers."""
    return [f"web-{number}" for number in range(1, count + 1)]


def web_server(
    name: str, site: Site, *, server_id: str, connections_from: Path | None = None
) -> Program:
    """Return a web server; ``server_id`` is its name among the servers.

    ``connections_from``: the Unix socket on which it receives those of the load balancer.
    """
    options = ["--connections-from", str(connections_from)] if connections_from else []
    return Program(
        name,
        "Web server" if name == "web" else f"Web server {server_id}",
        [*_MANAGE, "serve", "--bind", site.host, "--port", str(site.port), *options],
        lambda: probe_http(f"{site.url}/readyz"),
        environment={"SERVER_ID": server_id},
        stage=Stage.PRODUCT,
    )


def _balancer(site: Site, sockets: Sequence[Path]) -> Program:
    address = ["--bind", site.host, "--port", str(site.port)]
    return Program(
        "web",
        "Load balancer",
        [sys.executable, "-m", "apps.embedded.balancer", *address, *map(str, sockets)],
        lambda: probe_http(f"{site.url}/healthz"),
        stage=Stage.ENTRYPOINT,
    )


def worker(name: str) -> Program:
    """Return a Celery worker, with its Kafka consumer inside."""
    return Program(
        name,
        name.capitalize(),
        [*_CELERY, "worker", "--loglevel", "INFO", "--hostname", f"{name}@%h", *_NO_EVENTS],
        environment={"SERVER_ID": name},
        stage=Stage.PRODUCT,
    )


def beat() -> Program:
    """Return Celery's beat, the scheduler of the workers; its schedule is in the data folder."""
    return Program(
        "beat",
        "Beat",
        [*_CELERY, "beat", "--loglevel", "INFO", "--pidfile=", "--schedule", "beat-schedule"],
        environment={"SERVER_ID": "beat"},
        stage=Stage.PRODUCT,
        in_data_dir=True,
    )


# --- PostgreSQL ------------------------------------------------------------------------------


def postgres(data_dir: DataDir) -> Program:
    """Return PostgreSQL as a program."""
    command = [
        str(postgres_binary(data_dir, "postgres")),
        *("-D", str(data_dir.path / "postgres")),
        *("-h", "127.0.0.1", "-p", str(data_dir.ports["postgres"])),
        *("-c", "unix_socket_directories="),
        *("-c", "max_connections=200"),
    ]
    return Program(
        "postgres",
        "PostgreSQL",
        command,
        lambda: probe_postgres(data_dir.urls()["DATABASE_URL"]),
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM waits for every client to disconnect.
        stop_signal="INT",
        prefix=unprivileged(),
    )


def postgres_init_command(data_dir: DataDir, folder: Path, password_file: Path) -> list[str]:
    """Return the command that creates a database in a new folder."""
    return [
        *unprivileged(),
        str(postgres_binary(data_dir, "initdb")),
        *("--pgdata", str(folder)),
        *("--username", "scriptorium", "--pwfile", str(password_file)),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
    ]


def unprivileged() -> tuple[str, ...]:
    """Return the command prefix that lets PostgreSQL start as root: a user namespace without root.

    The files still belong to root, and the process id stays the same. Without root, the prefix is
    empty. Raises ``EmbeddedError`` if ``unshare`` is missing.
    """
    if os.geteuid() != 0:
        return ()
    if shutil.which("unshare") is None:
        raise EmbeddedError(
            "PostgreSQL does not run as root, and `unshare` (package util-linux) is not installed. "
            "Run `make up` as a plain user, or install util-linux."
        )
    return ("unshare", "--user", "--map-user=1000", "--map-group=1000")


# --- Redis, MongoDB, Kafka ---------------------------------------------------


def redis_server(data_dir: DataDir) -> Program:
    """Return Redis as a program."""
    return Program(
        "redis",
        "Redis",
        [
            str(redis_binary(data_dir)),
            str(redis_config_file(data_dir)),
            *("--bind", "127.0.0.1", "--port", str(data_dir.ports["redis"])),
            *("--dir", str(data_dir.path / "redis")),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        ],
        lambda: probe_redis(data_dir.urls()["REDIS_URL"]),
    )


def redis_config_file(data_dir: DataDir) -> Path:
    """Return Redis' configuration file, which has its password: command lines are public."""
    return data_dir.path / "run" / "redis.conf"


def mongo_password_file(data_dir: DataDir) -> Path:
    """Return the file of the embedded MongoDB server's password: command lines are public."""
    return data_dir.path / "run" / "mongo.password"


def mongo_server(data_dir: DataDir) -> Program:
    """Return the embedded server of the MongoDB wire protocol as a program."""

    def probe() -> None:
        # First the port: the driver waits half a second after one that refuses connections.
        probe_port(data_dir.ports["mongo"])
        probe_mongo(data_dir.urls()["MONGODB_URL"])

    return Program(
        "mongo",
        "MongoDB",
        [
            *(sys.executable, "-m", "apps.embedded.mongo_server"),
            *("--data-dir", str(data_dir.path / "mongo")),
            *("--port", str(data_dir.ports["mongo"])),
            *("--password-file", str(mongo_password_file(data_dir))),
        ],
        probe,
    )


def _kafka(data_dir: DataDir) -> Program:
    port = data_dir.ports["kafka"]
    return Program(
        "kafka",
        "Kafka",
        [sys.executable, "-m", "apps.embedded.mock_kafka", "--port", str(port)],
        lambda: probe_kafka(data_dir.urls()["KAFKA_BOOTSTRAP_SERVERS"]),
    )
