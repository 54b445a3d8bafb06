"""``make stack``: what it uses, and what it says where it cannot start.

It is run whole in ``tests/cluster``, on services of its own.
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

#: Nothing listens there.
NOWHERE = "127.0.0.1:1"
VARIABLES = ("DATABASE_URL", "REDIS_URL", "MONGODB_URL", "KAFKA_BOOTSTRAP_SERVERS")


@pytest.fixture
def given(services: Launched) -> dict[str, str]:
    """Return the four services of this test run, by name, each with a corner of its own."""
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
    """Check that it ends by itself with one line that has these words, and leaves nothing."""
    everybody = family(launched.process.pid)
    assert launched.process.wait(START_WAIT_S) == 1
    last = launched.output().strip().splitlines()[-1]
    for word in words:
        assert word in last
    assert "Traceback" not in launched.output()
    assert not [each for each in everybody if each.is_there]
    assert not list((launched.data_dir / "run").glob("*.pid"))


# --- services that are there already -------------------------------------------------------------


def test_services_that_the_environment_names_are_used_and_not_started(
    given: dict[str, str], tmp_path: Path
) -> None:
    """Twice in a row, in a path with a space; nothing of the four is started, no Java is asked."""
    launched = Launched(tmp_path / "a stack", action="stack", settings={**given, "JAVA_HOME": "/-"})
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
        assert not [each for each in everybody if each.is_there]
        launched.start()
        assert launched.call("ada", "GET", f"documents/{document_id}/").status_code == 200
    finally:
        launched.stop()


@pytest.mark.parametrize(
    ("variable", "wrong", "said"),
    [
        ("DATABASE_URL", f"postgres://a:b@{NOWHERE}/c", "refused"),
        ("DATABASE_URL", "not a URL", "has to look like postgres://"),
        ("REDIS_URL", f"redis://{NOWHERE}/0", "refused"),
        ("REDIS_URL", "localhost:6379", "has to look like redis://"),
        ("MONGODB_URL", f"mongodb://{NOWHERE}/scriptorium", "refused"),
        ("MONGODB_URL", "postgres://somewhere", "has to look like mongodb://"),
        ("KAFKA_BOOTSTRAP_SERVERS", NOWHERE, ""),
    ],
)
def test_service_that_is_not_there_is_said_by_the_variable_that_names_it(
    variable: str, wrong: str, said: str
) -> None:
    """With what to do; the others are not asked."""
    [one] = external_services({variable: wrong})
    with pytest.raises(EmbeddedError, match=f"{variable} cannot be used: .*{said}") as caught:
        one.check()
    assert "unset it" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("variable", ["DATABASE_URL", "REDIS_URL"])
def test_wrong_password_is_said_and_not_repeated(variable: str, services: Launched) -> None:
    """What was tried may be right elsewhere."""
    wrong = re.sub(r":[^:@/]+@", ":mistaken@", services.settings()[variable])
    [one] = external_services({variable: wrong})
    with pytest.raises(
        EmbeddedError, match=rf"{variable} cannot be used: .*(?i:password)"
    ) as caught:
        one.check()
    assert "mistaken" not in str(caught.value)


@pytest.mark.parametrize("variable", VARIABLES)
def test_variable_that_is_empty_is_said_by_its_name(variable: str) -> None:
    """Somebody meant to name a service."""
    with pytest.raises(EmbeddedError, match=f"{variable} is empty"):
        external_services({variable: " "})


# --- what is missing, and what is in the way -----------------------------------------------------


def test_stack_that_cannot_reach_a_service_starts_nothing(
    given: dict[str, str], tmp_path: Path
) -> None:
    """A worker without Kafka would not even be noticed."""
    settings = {**given, "KAFKA_BOOTSTRAP_SERVERS": NOWHERE}
    assert_refused(
        Launched(tmp_path, action="stack", settings=settings), "KAFKA_BOOTSTRAP_SERVERS", "unset it"
    )


def test_port_in_use_is_an_error_with_advice(given: dict[str, str], tmp_path: Path) -> None:
    """The gateway's by its variable, another one by the file that remembers it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        launched = Launched(tmp_path / "one", action="stack", port=port, settings=given)
        assert_refused(launched, f"Port {port} (for gateway)", f"PORT={port + 100} make stack")
    place = DataDir.open(tmp_path / "two", kind="stack")
    with socket.create_server(("127.0.0.1", place.ports["web-2"])):
        launched = Launched(place.data_dir, action="stack", settings=given)
        assert_refused(launched, "(for web-2)", str(place.data_dir / "state.json"))


def test_certificate_without_its_key_is_said(given: dict[str, str], tmp_path: Path) -> None:
    """By the variable that is missing."""
    settings = {**given, "TLS_CERTIFICATE": str(tmp_path)}
    assert_refused(Launched(tmp_path, action="stack", settings=settings), "TLS_KEY is missing")


def test_data_folder_of_make_up_is_refused(tmp_path: Path) -> None:
    """Its PostgreSQL is another one."""
    DataDir.open(tmp_path)
    assert_refused(Launched(tmp_path, action="stack"), "a data folder of `make up`", "DATA_DIR=")


@pytest.fixture
def java_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a ``java`` of ``JAVA_HOME`` that a test writes."""
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    return java


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ('openjdk version "11.0.2" 2019-01-15', "is 11"),
        ('java version "1.8.0_392"', "is 8"),
        ("what?", "does not say its version"),
    ],
)
def test_java_that_is_too_old_is_said_with_what_to_do(says: str, said: str, java_of: Path) -> None:
    """And the variables that name another one, or another broker."""
    java_of.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java_of.chmod(0o755)
    with pytest.raises(EmbeddedError, match=said) as caught:
        binaries.java_binary()
    for word in ("JAVA_HOME", "17", "KAFKA_BOOTSTRAP_SERVERS"):
        assert word in str(caught.value)


def test_java_of_the_right_age_is_taken(java_of: Path) -> None:
    """The oldest that will do."""
    java_of.write_text("#!/bin/sh\necho 'openjdk version \"17\"' >&2\n")
    java_of.chmod(0o755)
    assert binaries.java_binary() == java_of


def test_stack_without_java_starts_nothing(given: dict[str, str], tmp_path: Path) -> None:
    """Kafka is to be started, and cannot."""
    del given["KAFKA_BOOTSTRAP_SERVERS"]
    settings = {**given, "JAVA_HOME": str(tmp_path)}
    assert_refused(
        Launched(tmp_path, action="stack", port=free_port(), settings=settings),
        *("There is no Java", "JAVA_HOME"),
    )


@pytest.mark.parametrize(
    ("find", "said"),
    [
        (lambda place: binaries.nginx_binary(), "apt-get install nginx"),
        (binaries.redis_binary, "apt-get install redis-server.*REDIS_URL"),
        (lambda place: binaries.maven_binary(), "apt-get install maven"),
        (
            lambda place: binaries.postgres_binary(place, "postgres"),
            "apt-get install postgresql.*DATABASE_URL",
        ),
    ],
)
def test_program_that_is_missing_is_said_with_its_package(
    find: object, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the variable that makes it unnecessary."""
    place = DataDir.open(tmp_path / "data", kind="stack")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binaries, "_SYSTEM_PATH", str(tmp_path))
    monkeypatch.setattr(binaries, "_DEBIAN_POSTGRES", tmp_path)
    with pytest.raises(EmbeddedError, match=said):
        find(place)  # type: ignore[operator]


def test_postgresql_is_the_newest_until_there_is_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data is read by the version that made it, or by none."""
    for version in ("9.6", "13", "15"):
        binary = tmp_path / version / "bin" / "postgres"
        binary.parent.mkdir(parents=True)
        binary.touch()
    monkeypatch.setattr(binaries, "_DEBIAN_POSTGRES", tmp_path)
    place = DataDir.open(tmp_path / "data", kind="stack")
    assert binaries.postgres_binary(place, "postgres") == tmp_path / "15" / "bin" / "postgres"
    (place.data_dir / "postgres").mkdir()
    (place.data_dir / "postgres" / "PG_VERSION").write_text("13\n")
    assert binaries.postgres_binary(place, "postgres") == tmp_path / "13" / "bin" / "postgres"
    (place.data_dir / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(EmbeddedError, match="postgresql-14"):
        binaries.postgres_binary(place, "postgres")
