"""``make stack``: external services, and the errors if it cannot start.

``tests/cluster`` runs all of it, on its own services.
"""

import re
import socket
from pathlib import Path

import psycopg
import pytest
import requests

from apps.embedded import binaries
from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.external_services import external_services
from apps.embedded.stack import WEB_SERVERS, WORKERS
from tests.support.launcher import START_WAIT_S, Launched, free_port
from tests.support.needs import need_nginx
from tests.support.processes import family

#: An address at which nothing listens.
NOWHERE = "127.0.0.1:1"
VARIABLES = ("DATABASE_URL", "REDIS_URL", "MONGODB_URL", "KAFKA_BOOTSTRAP_SERVERS")


@pytest.fixture
def external(services: Launched) -> dict[str, str]:
    """Return the URLs of the four services of this test run, with separate databases."""
    need_nginx()
    urls = services.settings()
    with psycopg.connect(urls["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS given WITH (FORCE)")
        connection.execute("CREATE DATABASE given")
    return {
        "DATABASE_URL": urls["DATABASE_URL"].removesuffix("postgres") + "given",
        "REDIS_URL": urls["REDIS_URL"].removesuffix("0") + "5",
        "MONGODB_URL": urls["MONGODB_URL"].removesuffix("scriptorium") + "given",
        "KAFKA_BOOTSTRAP_SERVERS": urls["KAFKA_BOOTSTRAP_SERVERS"],
    }


def assert_refused(launched: Launched, *words: str) -> None:
    """Check that it exits by itself, with these words in the last line, and leaves nothing."""
    everybody = family(launched.process.pid)
    assert launched.process.wait(START_WAIT_S) == 1
    last = launched.output().strip().splitlines()[-1]
    for word in words:
        assert word in last
    assert "Traceback" not in launched.output()
    assert not [process for process in everybody if process.is_there]
    assert not list((launched.data_dir / "run").glob("*.pid"))


# --- external services -------------------------------------------------------------


def test_external_services_are_used_and_not_started(
    external: dict[str, str], tmp_path: Path
) -> None:
    """Twice, in a path with a space; none of the four is started, and Java is not needed."""
    launched = Launched(
        tmp_path / "a stack", action="stack", settings={**external, "JAVA_HOME": "/-"}
    )
    try:
        launched.wait_until_ready()
        for variable in VARIABLES:
            assert f"of {variable} … ready" in launched.output()
        names = {path.stem for path in (launched.data_dir / "run").glob("*.pid")}
        assert names == {
            *("gateway", *WEB_SERVERS, *WORKERS, "beat"),
            *("up", "supervisord", "supervisord-own"),
        }
        everybody = family(launched.process.pid)
        assert requests.get(f"{launched.url}/readyz", timeout=30).json()["status"] == "ready"
        document_id = launched.create_document()
        assert launched.run("down").returncode == 0
        assert launched.process.wait(START_WAIT_S) == 0
        assert not [process for process in everybody if process.is_there]
        launched.start()
        assert launched.call("ada", "GET", f"documents/{document_id}/").status_code == 200
    finally:
        launched.stop()


@pytest.mark.parametrize(
    ("variable", "wrong", "message"),
    [
        ("DATABASE_URL", f"postgres://a:b@{NOWHERE}/c", "refused"),
        ("DATABASE_URL", "not a URL", "must look like postgres://"),
        ("REDIS_URL", f"redis://{NOWHERE}/0", "refused"),
        ("REDIS_URL", "localhost:6379", "must look like redis://"),
        ("MONGODB_URL", f"mongodb://{NOWHERE}/scriptorium", "refused"),
        ("MONGODB_URL", "postgres://somewhere", "must look like mongodb://"),
        ("KAFKA_BOOTSTRAP_SERVERS", NOWHERE, ""),
    ],
)
def test_unreachable_service_is_an_error_that_names_its_variable(
    variable: str, wrong: str, message: str
) -> None:
    """With advice."""
    [one] = external_services({variable: wrong})
    with pytest.raises(EmbeddedError, match=f"{variable} cannot be used: .*{message}") as caught:
        one.check()
    assert "unset it" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("variable", ["DATABASE_URL", "REDIS_URL"])
def test_wrong_password_is_an_error_without_the_password(variable: str, services: Launched) -> None:
    """It may be valid elsewhere."""
    wrong = re.sub(r":[^:@/]+@", ":mistaken@", services.settings()[variable])
    [one] = external_services({variable: wrong})
    with pytest.raises(
        EmbeddedError, match=rf"{variable} cannot be used: .*(?i:password)"
    ) as caught:
        one.check()
    assert "mistaken" not in str(caught.value)


@pytest.mark.parametrize("variable", VARIABLES)
def test_empty_variable_is_an_error_that_names_it(variable: str) -> None:
    """It is not the same as an unset variable."""
    with pytest.raises(EmbeddedError, match=f"{variable} is empty"):
        external_services({variable: " "})


# --- missing programs, ports in use -----------------------------------------------------


def test_stack_with_an_unreachable_service_starts_nothing(
    external: dict[str, str], tmp_path: Path
) -> None:
    """A worker without Kafka would not be noticed."""
    settings = {**external, "KAFKA_BOOTSTRAP_SERVERS": NOWHERE}
    assert_refused(
        Launched(tmp_path, action="stack", settings=settings), "KAFKA_BOOTSTRAP_SERVERS", "unset it"
    )


def test_port_in_use_is_an_error_with_advice(external: dict[str, str], tmp_path: Path) -> None:
    """For the gateway, the variable; for a server, the file with its port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        launched = Launched(tmp_path / "one", action="stack", port=port, settings=external)
        assert_refused(launched, f"Port {port} (for gateway)", f"PORT={port + 100} make stack")
    data_dir = DataDir.open(tmp_path / "two", kind="stack")
    with socket.create_server(("127.0.0.1", data_dir.ports["web-2"])):
        launched = Launched(data_dir.path, action="stack", settings=external)
        assert_refused(launched, "(for web-2)", str(data_dir.path / "state.json"))


def test_certificate_without_its_key_is_an_error(external: dict[str, str], tmp_path: Path) -> None:
    """It names the missing variable."""
    settings = {**external, "TLS_CERTIFICATE": str(tmp_path)}
    assert_refused(Launched(tmp_path, action="stack", settings=settings), "TLS_KEY is missing")


def test_data_folder_of_make_up_is_refused(tmp_path: Path) -> None:
    """Its PostgreSQL has another version."""
    DataDir.open(tmp_path)
    assert_refused(Launched(tmp_path, action="stack"), "a data folder of `make up`", "DATA_DIR=")


@pytest.fixture
def java_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of ``JAVA_HOME``'s ``java``, which a test writes."""
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    return java


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ('openjdk version "11.0.2" 2019-01-15', "is 11"),
        ('java version "1.8.0_392"', "is 8"),
        ("what?", "does not report its version"),
    ],
)
def test_old_java_is_an_error_with_advice(output: str, message: str, java_of: Path) -> None:
    """The variables that name another Java, or a broker."""
    java_of.write_text(f"#!/bin/sh\necho '{output}' >&2\n")
    java_of.chmod(0o755)
    with pytest.raises(EmbeddedError, match=message) as caught:
        binaries.java_binary()
    for word in ("JAVA_HOME", "17", "KAFKA_BOOTSTRAP_SERVERS"):
        assert word in str(caught.value)


def test_java_of_the_oldest_supported_version_is_used(java_of: Path) -> None:
    """Java 17."""
    java_of.write_text("#!/bin/sh\necho 'openjdk version \"17\"' >&2\n")
    java_of.chmod(0o755)
    assert binaries.java_binary() == java_of


def test_stack_without_java_starts_nothing(external: dict[str, str], tmp_path: Path) -> None:
    """Because Kafka cannot be started."""
    del external["KAFKA_BOOTSTRAP_SERVERS"]
    settings = {**external, "JAVA_HOME": str(tmp_path)}
    assert_refused(
        Launched(tmp_path, action="stack", port=free_port(), settings=settings),
        *("There is no Java", "JAVA_HOME"),
    )


@pytest.mark.parametrize(
    ("find", "message"),
    [
        (lambda data_dir: binaries.nginx_binary(), "apt-get install nginx"),
        (binaries.redis_binary, "apt-get install redis-server.*REDIS_URL"),
        (lambda data_dir: binaries.maven_binary(), "apt-get install maven"),
        (
            lambda data_dir: binaries.postgres_binary(data_dir, "postgres"),
            "apt-get install postgresql.*DATABASE_URL",
        ),
    ],
)
def test_missing_program_is_an_error_that_names_its_package(
    find: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the variable of an external service, if there is one."""
    data_dir = DataDir.open(tmp_path / "data", kind="stack")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binaries, "_SYSTEM_PATH", str(tmp_path))
    monkeypatch.setattr(binaries, "_DEBIAN_POSTGRES", tmp_path)
    with pytest.raises(EmbeddedError, match=message):
        find(data_dir)  # type: ignore[operator]


def test_postgresql_is_the_newest_version_or_that_of_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data is read only by the version that created it."""
    for version in ("9.6", "13", "15"):
        binary = tmp_path / version / "bin" / "postgres"
        binary.parent.mkdir(parents=True)
        binary.touch()
    monkeypatch.setattr(binaries, "_DEBIAN_POSTGRES", tmp_path)
    data_dir = DataDir.open(tmp_path / "data", kind="stack")
    assert binaries.postgres_binary(data_dir, "postgres") == tmp_path / "15" / "bin" / "postgres"
    (data_dir.path / "postgres").mkdir()
    (data_dir.path / "postgres" / "PG_VERSION").write_text("13\n")
    assert binaries.postgres_binary(data_dir, "postgres") == tmp_path / "13" / "bin" / "postgres"
    (data_dir.path / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(EmbeddedError, match="postgresql-14"):
        binaries.postgres_binary(data_dir, "postgres")
