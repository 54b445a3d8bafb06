"""Conversions by REST whose child hangs, eats memory or dies: a clear error, and nobody else's."""

import signal
from collections.abc import Callable, Iterator
from functools import partial
from threading import Event
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.core.api import costly
from apps.core.caller import caller_gone
from apps.edits import importing
from apps.history import content_export, conversions
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import make_user
from tests.core import hostile_tasks
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db

IMPORT = "/api/v1/documents/import/"


@pytest.fixture(autouse=True)
def fresh_pool(settings: Settings) -> Iterator[None]:
    """Give the tests a pool of their own, of one process with little memory."""
    settings.CONVERSION_PROCESSES = 1
    settings.CONVERSION_MEMORY_BYTES = 512 * 2**20
    settings.CONVERSION_OUTPUT_BYTES = 100_000
    conversions._pool.cache_clear()
    yield
    conversions._pool().close()
    conversions._pool.cache_clear()


@pytest.fixture
def owner() -> User:
    """Return a person who may create documents."""
    return make_user(may_create=True)


@pytest.fixture
def client(owner: User) -> APIClient:
    """Return a client of theirs."""
    return bearer(owner)


def imported(client: APIClient) -> Any:
    """Import a text without content: it is converted like any other, and needs no room.

    A room belongs to the event loop of a server, and these calls have none.
    """
    return client.post(IMPORT, {"content": "", "format": "md"}, format="json")


@pytest.mark.parametrize(
    ("task", "status", "code"),
    [
        (partial(hostile_tasks.die, signal.SIGSEGV), 422, "conversion_failed"),
        (partial(hostile_tasks.die, signal.SIGKILL), 422, "conversion_failed"),
        (hostile_tasks.break_down, 422, "conversion_failed"),
        (hostile_tasks.eat_memory, 413, "conversion_too_large"),
        (partial(hostile_tasks.answer_long, 200_000), 413, "conversion_too_large"),
    ],
)
def test_conversion_that_breaks_its_process_is_answered_and_the_next_one_works(
    client: APIClient,
    task: Callable[[], object],
    status: int,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No document is left behind."""
    with monkeypatch.context() as patch:
        patch.setattr(importing, "content_convert", partial(hostile_tasks.instead, task))
        assert_error(imported(client), status, code)
    assert client.get("/api/v1/documents/").json()["results"] == []
    assert imported(client).status_code == 201


def test_conversion_that_hangs_is_answered_with_its_limit(
    client: APIClient, settings: Settings, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After ``CONVERSION_TIMEOUT_S``."""
    settings.CONVERSION_TIMEOUT_S = 1
    task = partial(hostile_tasks.hang, str(tmp_path / "pid"))
    with monkeypatch.context() as patch:
        patch.setattr(importing, "content_convert", partial(hostile_tasks.instead, task))
        body = assert_error(imported(client), 422, "conversion_too_slow")
    assert body["extra"] == {"limit": "CONVERSION_TIMEOUT_S", "value": 1}
    assert imported(client).status_code == 201


def test_second_costly_call_of_a_person_is_told_when_to_come_back(
    client: APIClient, owner: User, settings: Settings
) -> None:
    """Others are not concerned; the person's next call is answered."""
    settings.CONVERSION_WAIT_S = 0
    with costly._gate.enter(owner.pk, wait_s=0):
        response = imported(client)
        assert_error(response, 503, "calls_at_once")
        assert response.headers["Retry-After"] == "5"
        assert imported(bearer(make_user(may_create=True))).status_code != 503
        settings.CONVERSIONS_PER_PERSON = 2
        assert imported(client).status_code == 201
    settings.CONVERSION_WAIT_S = 60
    assert imported(client).status_code == 201
    assert not costly._gate._inside


def test_turn_ends_with_a_call_that_fails(client: APIClient) -> None:
    """Otherwise the person had to wait for the server's restart."""
    missing = "/api/v1/documents/00000000-0000-4000-8000-000000000000/export/md/"
    assert client.get(missing).status_code == 404
    assert not costly._gate._inside


def test_export_of_a_caller_who_is_gone_makes_nothing(
    client: APIClient, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ended before it starts."""
    document = make_document(owner)
    gone = Event()
    gone.set()
    token = caller_gone.set(gone)
    try:
        address = f"/api/v1/documents/{document.id}/export/md/"
        assert_error(client.get(address), 503, "caller_gone")
    finally:
        caller_gone.reset(token)
    monkeypatch.setattr(content_export, "conversion_run", pytest.fail)
    assert client.get(f"/api/v1/documents/{document.id}/export/yjs/").status_code == 200
