"""Processes that cannot serve: one line that says what to do, and an exit code that is not 0."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from tests.core.processes import run_python
from tests.core.test_health import urls
from tests.support.launcher import free_port

CELERY = ("-m", "celery", "-A", "config")
#: Every way in which a process of the product is started by hand.
PROCESSES: dict[str, tuple[str, ...]] = {
    "web": ("manage.py", "serve", "--port", "1"),
    "daphne": ("-m", "daphne", "config.asgi:application"),
    "worker": (*CELERY, "worker"),
    "beat": (*CELERY, "beat", "--pidfile=", "--schedule", "{folder}/schedule"),
    "migrate": ("manage.py", "migrate"),
}


def last_line(process: str, tmp_path: Path, **environment: str | None) -> str:
    """Run a process that has to fail; return the last line of its log, which is no traceback's."""
    # Celery warns of root, which is an error to us.
    words = [word.format(folder=tmp_path) for word in PROCESSES[process]]
    done = run_python("-W", "ignore", *words, **environment)
    assert done.returncode not in (0, None), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def only_line(process: str, **environment: str | None) -> str:
    """Run a process that has to fail with one line and nothing else; return it."""
    done = run_python(*PROCESSES[process], **environment)
    assert done.returncode not in (0, None)
    [line] = (done.stderr + done.stdout).strip().splitlines()
    return line


@pytest.mark.parametrize("process", PROCESSES)
def test_variable_that_is_missing_is_one_line_with_its_name(process: str) -> None:
    """Whatever is started, and with a way to set it."""
    line = only_line(process, KAFKA_BOOTSTRAP_SERVERS=None)
    assert 'Environment variable "KAFKA_BOOTSTRAP_SERVERS" not set.' in line
    assert "docs/env.md" in line


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("DATABASE_URL", "not a URL"),
        ("MONGODB_URL", "http://localhost/secret"),
        ("MONGODB_URL", "mongodb://user:secret@localhost:port/x"),
        ("REDIS_URL", "localhost:6379/secret"),
        ("CELERY_BROKER_URL", "htp://secret"),
        ("KAFKA_BOOTSTRAP_SERVERS", ""),
        ("KAFKA_BOOTSTRAP_SERVERS", "http://secret:port"),
    ],
)
@pytest.mark.parametrize("process", ["web", "worker"])
def test_url_of_another_form_is_one_line_with_its_variable(
    process: str, name: str, wrong: str
) -> None:
    """Without its value, which may have a password."""
    line = only_line(process, **{name: wrong})
    assert f'Environment variable "{name}" ' in line
    assert "secret" not in line


@pytest.mark.parametrize(
    "servers", ["a:9092", "a:9092, b:9093", "SASL_SSL://a:1,b", "[::1]:9092", "10.0.0.1:9092"]
)
def test_list_of_brokers_is_accepted(servers: str) -> None:
    """As librdkafka writes them."""
    script = "from django.conf import settings; print(settings.KAFKA_BOOTSTRAP_SERVERS)"
    done = run_python("-c", script, KAFKA_BOOTSTRAP_SERVERS=servers)
    assert done.stdout.strip() == servers, done.stderr


def with_password(name: str) -> str:
    """Return a service's URL with another password."""
    url = urlsplit(os.environ[name])
    user = url.username or ""
    return url._replace(netloc=f"{user}:mistaken@{url.hostname}:{url.port}").geturl()


@pytest.mark.parametrize(
    ("process", "name"),
    [
        ("web", "DATABASE_URL"),
        ("web", "REDIS_URL"),
        ("worker", "CELERY_BROKER_URL"),
        ("beat", "CELERY_BROKER_URL"),
        ("migrate", "DATABASE_URL"),
    ],
)
def test_wrong_password_ends_the_process_and_is_not_repeated(
    process: str, name: str, tmp_path: Path
) -> None:
    """Waiting would not help."""
    line = last_line(process, tmp_path, **{name: with_password(name)})
    assert name in line
    assert "mistaken" not in line


def test_database_that_is_not_there_ends_the_process(tmp_path: Path) -> None:
    """The server answers, so the database is not waited for."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path="/nobodys").geturl()
    line = last_line("web", tmp_path, DATABASE_URL=url)
    assert "DATABASE_URL is refused" in line
    assert '"nobodys" does not exist' in line


def test_tables_that_are_not_made_end_the_process(tmp_path: Path) -> None:
    """The services of the tests have none outside of the tests' own database."""
    for process in ("web", "worker"):
        line = last_line(process, tmp_path)
        assert "migrations are not applied" in line
        assert "Run manage.py migrate." in line


@pytest.fixture
def migrated(db: None) -> dict[str, str]:
    """Return the setting that names the tests' own database, whose tables are made."""
    own = str(connection.settings_dict["NAME"])
    return {"DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{own}").geturl()}


@pytest.fixture
def taken() -> Iterator[str]:
    """Return a port that somebody listens on, on all addresses."""
    with socket.create_server(("", 0)) as listener:
        yield str(listener.getsockname()[1])


@pytest.mark.parametrize("server", ["uvicorn", "daphne"])
def test_port_in_use_ends_the_web_server(server: str, migrated: dict[str, str], taken: str) -> None:
    """With an exit code that a supervisor understands."""
    done = run_python("manage.py", "serve", "--server", server, "--port", taken, **migrated)
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert f"127.0.0.1:{taken}" in line
    assert "choose another --port" in line


@pytest.mark.parametrize("process", ["worker", "beat"])
def test_metrics_port_in_use_ends_worker_and_beat(
    process: str, migrated: dict[str, str], taken: str, tmp_path: Path
) -> None:
    """A probe would reach the other process."""
    line = last_line(process, tmp_path, METRICS_PORT=taken, **migrated)
    assert f"METRICS_PORT={taken} cannot be used" in line


@pytest.mark.parametrize("service", ["mongodb", "redis", "kafka"])
@pytest.mark.django_db
def test_unavailable_service_is_logged_with_its_variable_and_waited_for(
    service: str, migrated: dict[str, str]
) -> None:
    """It may be starting."""
    away = urls(free_port())[service]
    script = (
        "import django; django.setup()\nfrom apps.core.startup import start_check; start_check()"
    )
    done = run_python("-c", script, **{**migrated, **away})
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stderr.splitlines() if "no answer" in line]
    assert next(iter(away)) in line
