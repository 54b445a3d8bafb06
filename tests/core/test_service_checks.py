"""``check --services``: with reachable, unavailable, old, late and incomplete services."""

import subprocess
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.checks import CheckMessage
from django.db.migrations.recorder import MigrationRecorder
from mongoengine.connection import get_db

from apps.core import clock, service_checks
from apps.core.mongo_indexes import indexes_ensure
from apps.core.service_checks import SERVICE_VARIABLES, indexes_check, migrations_check
from tests.core.processes import run_python, side_by_side
from tests.core.test_health import SERVICES, urls
from tests.support.launcher import free_port

COMMAND = ("manage.py", "check", "--services", "--tag", "services", "--fail-level", "WARNING")


def messages(prefix: str) -> list[CheckMessage]:
    """Return the messages of all checks of ``core`` whose ids have a prefix."""
    return [
        message
        for check in service_checks._service_checks
        if check.__module__ == service_checks.__name__
        for message in check()
        if str(message.id).startswith(prefix)
    ]


@pytest.fixture(scope="module")
def checks() -> "dict[str, subprocess.CompletedProcess[str]]":
    """Return what the command says without each of the services."""

    def check(service: str) -> "subprocess.CompletedProcess[str]":
        away = urls(free_port())[service]
        if service == "redis":
            away["CELERY_BROKER_URL"] = away["REDIS_URL"]
        # Without Kafka there is a warning alone, and it is no failure.
        return run_python(*(COMMAND[:-2] if service == "kafka" else COMMAND), **away)

    return side_by_side(check, SERVICES)


@pytest.mark.parametrize("service", ["postgresql", "mongodb", "redis"])
def test_unavailable_service_is_reported_once_with_its_variable(
    service: str, checks: "dict[str, subprocess.CompletedProcess[str]]"
) -> None:
    """As an error; the checks that need it report nothing."""
    done = checks[service]
    assert done.returncode != 0
    assert done.stderr.count("core.E101") == 1
    assert f"(core.E101) {service} does not answer." in done.stderr
    assert f"correct {SERVICE_VARIABLES[service]}." in done.stderr
    assert "Traceback" not in done.stderr


def test_unavailable_kafka_is_a_warning(
    checks: "dict[str, subprocess.CompletedProcess[str]]",
) -> None:
    """Everything continues without it."""
    done = checks["kafka"]
    assert "(core.W101) kafka does not answer; the workers read the log" in done.stderr
    assert "core.E101" not in done.stderr


def test_services_are_not_checked_without_the_option() -> None:
    """Otherwise each command would wait for an unavailable service."""
    everything = {
        name: url for service in urls(free_port()).values() for name, url in service.items()
    }
    done = run_python("manage.py", "check", "--fail-level", "WARNING", **everything)
    assert done.returncode == 0, done.stderr


# --- versions and clocks -------------------------------------------------------------------------


@pytest.mark.django_db
def test_old_service_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test raises the required version."""
    assert messages("core.E102") == []
    monkeypatch.setattr(
        service_checks, "MINIMUM_VERSIONS", dict.fromkeys(service_checks.MINIMUM_VERSIONS, (99, 1))
    )
    texts = [message.msg for message in messages("core.E102")]
    assert {line.partition(" ")[0] for line in texts} >= {"PostgreSQL", "Redis"}
    assert all(line.endswith("older than 99.1.") for line in texts)


@pytest.mark.django_db
@pytest.mark.parametrize(("ahead_s", "word"), [(-5, "ahead of"), (5, "behind")])
def test_clock_that_differs_by_more_than_a_second_is_a_warning(
    ahead_s: int, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test moves this machine's clock, so all three differ."""
    assert messages("core.W103") == []
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(seconds=ahead_s))
    texts = [message.msg for message in messages("core.W103")]
    for name in ("PostgreSQL", "MongoDB", "Redis"):
        [line] = [line for line in texts if f" {name} " in line]
        assert f" {word} this machine's" in line


# --- tables and indexes --------------------------------------------------------------------------


@pytest.mark.django_db
def test_migrations_that_are_not_applied_are_an_error() -> None:
    """With their names and the command."""
    assert migrations_check() == []
    MigrationRecorder.Migration.objects.filter(app="activity").delete()
    [message] = migrations_check()
    assert message.id == "core.E104"
    assert "activity.0001_initial" in message.msg
    assert message.hint == "Run manage.py migrate."


@pytest.fixture
def made() -> Iterator[None]:
    """Have all indexes, before and afterwards."""
    indexes_ensure()
    yield
    for name in get_db().document_versions.index_information():
        if "size" in name:
            get_db().document_versions.drop_index(name)
    indexes_ensure()


def drop(collection: str, *fields: str) -> None:
    """Drop the index over fields, whatever the server calls it."""
    for name, found in get_db()[collection].index_information().items():
        if tuple(field for field, _ in found["key"]) == fields:
            get_db()[collection].drop_index(name)


def test_missing_unique_index_is_an_error_and_another_index_a_warning(made: None) -> None:
    """Without the first, two operations may get one seq; without the other, reads are slow."""
    assert indexes_check() == []
    drop("crdt_operations", "document_id", "seq")
    drop("documents", "updated_at")
    messages = {message.id: message for message in indexes_check()}
    assert set(messages) == {"core.E105", "core.W105"}
    assert "crdt_operations (document_id, seq) unique" in messages["core.E105"].msg
    assert "documents (updated_at)" in messages["core.W105"].msg
    assert {message.hint for message in messages.values()} == {"Run manage.py mongo_indexes."}


def test_undeclared_unique_index_is_an_error(made: None) -> None:
    """It refuses rows that have to be stored; an index that is not unique does not."""
    # Of rows of other tests no two are alike in these, so that it can be made at all.
    fields = [("document_id", 1), ("number", 1), ("size", 1)]
    get_db().document_versions.create_index(fields, unique=True)
    get_db().documents.create_index("owner_id")
    try:
        [message] = indexes_check()
    finally:
        drop("documents", "owner_id")
    assert message.id == "core.E106"
    assert "document_versions (document_id, number, size) unique" in message.msg
