"""Errors to HTTP: one JSON shape, the right status, and nothing of what is inside."""

import pytest
from django.test import Client
from pytest_django import Settings

from apps.core import errors
from apps.core.api.errors import STATUS, status_of
from tests.accounts.clients import assert_error


@pytest.fixture(autouse=True)
def failing_paths(settings: Settings) -> None:
    """Serve the paths that fail."""
    settings.ROOT_URLCONF = "tests.core.failing_urls"


@pytest.fixture
def client() -> Client:
    """Return a client that is shown a failure's answer, as any caller is."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("invalid", 400, "invalid"),
        ("not-authenticated", 401, "not_authenticated"),
        ("forbidden", 403, "forbidden"),
        ("not-found", 404, "not_found"),
        ("conflict", 409, "cupboard_bare"),
        ("limit", 413, "limit_exceeded"),
        ("throttled", 429, "throttled"),
        ("transient", 503, "unavailable"),
        ("own-code", 500, "odd"),
        ("http404", 404, "not_found"),
        ("denied", 403, "forbidden"),
        ("validation", 400, "invalid"),
        ("validation-list", 400, "invalid"),
        ("validation-surrogate", 400, "invalid"),
        ("own-surrogate", 409, "conflict"),
        ("drf-throttled", 429, "throttled"),
        ("drf-mapping", 500, "token_not_valid"),
        ("mongodb", 503, "unavailable"),
        ("redis", 503, "unavailable"),
        ("postgresql", 503, "unavailable"),
        ("postgresql-connection", 503, "unavailable"),
        ("suspicious", 400, "bad_request"),
        ("unexpected", 500, "server_error"),
    ],
)
def test_failure_of_a_rest_call_has_the_one_shape(
    client: Client, name: str, status: int, code: str
) -> None:
    """Whoever raised it."""
    response = client.get(f"/api/v1/fail/{name}/")
    assert_error(response, status, code)
    text = response.content.decode()
    for inside in ("inner reason", "internal", "Traceback", "query"):
        assert inside not in text


def test_facts_of_an_error_reach_the_caller(client: Client) -> None:
    """A program reads ``extra``."""
    assert client.get("/api/v1/fail/conflict/").json() == {
        "code": "cupboard_bare",
        "detail": "Nothing in it.",
        "extra": {"bones": 0},
    }
    fields = client.get("/api/v1/fail/validation/").json()["extra"]["fields"]
    assert fields == {"title": ["Too long."]}


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("throttled", "Retry-After", "7"),
        ("transient", "Retry-After", "9"),
        ("mongodb", "Retry-After", "2"),
        ("drf-throttled", "Retry-After", "3"),
        ("not-authenticated", "WWW-Authenticate", 'Bearer realm="api"'),
    ],
)
def test_error_says_what_to_do_in_its_headers(
    client: Client, name: str, header: str, value: str
) -> None:
    """For clients that read no body."""
    assert client.get(f"/api/v1/fail/{name}/").headers[header] == value


def test_every_kind_has_a_status_of_its_own() -> None:
    """A new kind is not forgotten, and a concrete error has its kind's."""
    kinds = {
        kind for kind in errors.AppError.__subclasses__() if kind.__module__ == errors.__name__
    }
    assert set(STATUS) == kinds
    assert len(set(STATUS.values())) == len(STATUS)
    for kind, status in STATUS.items():
        concrete: type[errors.AppError] = type("ConcreteError", (kind,), {})
        assert status_of(concrete.__new__(concrete)) == status


# --- where no REST view is reached ---


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/nothing/", 404, "not_found"),
        ("/api/v1/plain/http404/", 404, "not_found"),
        ("/api/v1/plain/suspicious/", 400, "bad_request"),
        ("/api/v1/plain/unexpected/", 500, "server_error"),
    ],
)
def test_failure_under_api_outside_a_rest_view_has_the_one_shape(
    client: Client, path: str, status: int, code: str
) -> None:
    """By the product's own handlers."""
    assert_error(client.get(path), status, code)


def test_call_by_a_name_that_is_not_ours_is_400_in_the_one_shape(client: Client) -> None:
    """Another host's name in the header."""
    response = client.get("/api/v1/nothing", headers={"host": "evil.example"})
    assert_error(response, 400, "bad_request")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing/", 404),
        ("/page/http404/", 404),
        ("/page/suspicious/", 400),
        ("/page/unexpected/", 500),
    ],
)
def test_failure_of_a_page_is_a_page(client: Client, path: str, status: int) -> None:
    """For people, without what is inside."""
    response = client.get(path)
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    assert "inner reason" not in response.content.decode()
