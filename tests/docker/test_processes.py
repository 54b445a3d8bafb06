"""Each command of the image, from its files only, on real services with production settings."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from apps.embedded.data_dir import DataDir
from apps.embedded.kafka import (
    folder_create,
    jars_download,
    jars_exist,
    kafka,
    properties_write,
)
from apps.embedded.probes import probe_port
from tests.docker.composed import BIN
from tests.docker.image import image_compile, image_make
from tests.support.control import is_ready
from tests.support.eventually import eventually
from tests.support.launcher import START_WAIT_S, Launched, free_port
from tests.support.needs import need_stack

#: Maximal time from SIGTERM to the end of a web server, in seconds.
STOP_S = 10
CHECK = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
TLS = {"X-Forwarded-Proto": "https"}


@dataclass(frozen=True)
class Image:
    """The image's files, and the environment that compose gives to its containers."""

    app: Path
    environment: dict[str, str]

    def run(self, *words: str, port: int = 0) -> "subprocess.CompletedProcess[str]":
        """Run the entrypoint to its end."""
        return subprocess.run(
            [str(self.app / "docker" / "entrypoint"), *words],
            cwd="/",
            env={**self.environment, "PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=START_WAIT_S,
            check=False,
        )

    @contextmanager
    def container(self, word: str) -> Iterator["Container"]:
        """Run the entrypoint during the block; wait until it is healthy."""
        port, log = free_port(), self.app.parent / f"{word}.log"
        environment = {**self.environment, "PORT": str(port), "SERVER_ID": word}
        with (
            log.open("wb") as output,
            subprocess.Popen(
                [str(self.app / "docker" / "entrypoint"), word],
                cwd="/",
                env=environment,
                stdout=output,
                stderr=output,
            ) as process,
        ):
            container = Container(self, process, port, log)
            try:
                assert not container.is_healthy()
                # A health check is a process of its own: none while nothing listens.
                eventually(
                    lambda: container.has_ended() or is_ready(lambda: probe_port(port)),
                    START_WAIT_S,
                )
                eventually(container.is_healthy, START_WAIT_S)
                yield container
            finally:
                process.kill()


@dataclass(frozen=True)
class Container:
    """One process of the image."""

    image: Image
    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def has_ended(self) -> bool:
        """Return whether the process has ended."""
        return self.process.poll() is not None

    def is_healthy(self) -> bool:
        """Return the result of the image's health check."""
        assert not self.has_ended(), self.log.read_text()
        return self.image.run("docker/healthcheck", port=self.port).returncode == 0

    def get(self, path: str, **headers: str) -> requests.Response:
        """Send a request, as a probe or the gateway does."""
        return requests.get(
            f"http://127.0.0.1:{self.port}{path}",
            headers=headers,
            timeout=10,
            allow_redirects=False,
        )

    def stop(self) -> int:
        """Send SIGTERM; return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_WAIT_S)


@pytest.fixture(scope="module")
def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a new Apache Kafka; the in-memory broker creates topics with other settings."""
    data_dir = DataDir.open(tmp_path_factory.mktemp("kafka"), kind="stack")
    need_stack(data_dir)
    if not jars_exist():
        jars_download(data_dir)
    folder_create(data_dir)
    properties_write(data_dir)
    program = kafka(data_dir)
    with (
        data_dir.log_file("kafka").open("wb") as output,
        subprocess.Popen(
            program.argv(data_dir), cwd=data_dir.path, stdout=output, stderr=output
        ) as process,
    ):
        assert program.probe is not None
        check = program.probe
        eventually(lambda: is_ready(check), START_WAIT_S)
        yield data_dir.urls()["KAFKA_BOOTSTRAP_SERVERS"]
        process.kill()


#: The settings that the image reads from files.
SECRETS = (
    *("SECRET_KEY", "DATABASE_URL", "MONGODB_URL", "REDIS_URL", "CELERY_BROKER_URL"),
    "ATTACHMENTS_URL",
)


@pytest.fixture(scope="module")
def image(apache_kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """Return the image with new services; its secrets are files."""
    folder = tmp_path_factory.mktemp("image")
    secrets = folder / "secrets"
    secrets.mkdir()
    environment = {
        "PATH": f"{BIN}{os.pathsep}/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "ALLOWED_HOSTS": "localhost",
        "TRUSTED_PROXIES": "1",
        "KAFKA_BOOTSTRAP_SERVERS": apache_kafka,
        "TMPDIR": str(folder),
    }
    with ExitStack() as stack:
        launched = Launched(tmp_path_factory.mktemp("services"), action="services")
        stack.callback(launched.stop)
        launched.wait_until_ready()
        for name in SECRETS:
            (secrets / name.lower()).write_text(f"{launched.settings()[name]}\n")
            environment[f"{name}_FILE"] = str(secrets / name.lower())
        app = image_make(folder / "app")
        image_compile(app)
        prepared = Image(app, environment)
        # The pods of a cluster wait for this.
        assert prepared.run("python", "manage.py", "migrate", "--check").returncode != 0
        done = prepared.run("migrate")
        assert done.returncode == 0, done.stderr
        assert "crdt_operations (document_id, seq) unique: created" in done.stdout
        assert "crdt-operations: created (12 partitions" in done.stdout
        yield prepared


def test_migrate_is_idempotent(image: Image) -> None:
    """Tables, indexes, topics."""
    done = image.run("migrate")
    assert done.returncode == 0, done.stderr
    assert "No migrations to apply." in done.stdout
    assert "crdt_operations (document_id, seq) unique: unchanged" in done.stdout
    assert "crdt-operations: unchanged" in done.stdout
    assert ": created" not in done.stdout
    assert image.run("python", "manage.py", "migrate", "--check").returncode == 0


def test_web_server_redirects_to_tls_and_stops_in_order(image: Image) -> None:
    """Probes use plain HTTP and any host name."""
    with image.container("web") as web:
        assert web.get("/healthz", Host=f"10.0.0.1:{web.port}").status_code == 200
        ready = web.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert web.get("/login/", Host="localhost").headers["Location"].startswith("https://")
        page = web.get("/login/", Host="localhost", **TLS)
        assert page.status_code == 200
        for path in ("css/base.css", "admin/css/base.css"):
            assert web.get(f"/static/{path}", Host="localhost", **TLS).status_code == 200
        assert web.get("/login/", Host="elsewhere.example", **TLS).status_code == 400
        web.process.send_signal(signal.SIGTERM)
        assert web.process.wait(STOP_S) == 0


def test_worker_runs_the_tasks_of_beat_and_both_stop_in_order(image: Image) -> None:
    """Both serve health and metrics; the check of the configuration passes."""
    with image.container("worker") as worker, image.container("beat") as beat:
        done = "Task pipeline.relay["
        eventually(lambda: done in worker.log.read_text(), START_WAIT_S)
        checked = image.run("python", *CHECK, "--services")
        assert checked.returncode == 0, checked.stderr
        assert "\nscriptorium_kafka_lag " in worker.get("/metrics").text
        assert beat.get("/healthz").json() == {"status": "alive"}
        assert beat.stop() == 0
        assert worker.stop() == 0


def test_frozen_process_is_not_healthy(image: Image) -> None:
    """So that it is restarted."""
    with image.container("beat") as beat:
        beat.process.send_signal(signal.SIGSTOP)
        assert not beat.is_healthy()
        beat.process.send_signal(signal.SIGCONT)
        eventually(beat.is_healthy, START_WAIT_S)


def test_any_other_argument_is_a_command(image: Image) -> None:
    """In the folder of the product, with its settings."""
    done = image.run("python", *CHECK)
    assert done.returncode == 0, done.stderr
    assert image.run("no-such-command").returncode == 127
