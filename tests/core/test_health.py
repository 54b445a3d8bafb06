"""``/healthz`` and ``/readyz``, with reachable, unavailable and silent services."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.core.processes import ask, get_all, side_by_side
from tests.support.launcher import free_port

SERVICES = {"postgresql", "mongodb", "redis", "kafka"}


def urls(port: int) -> dict[str, dict[str, str]]:
    """Return for each service the setting with this port."""
    return {
        "postgresql": {"DATABASE_URL": f"postgres://nobody:x@127.0.0.1:{port}/none"},
        "mongodb": {"MONGODB_URL": f"mongodb://127.0.0.1:{port}/none"},
        "redis": {"REDIS_URL": f"redis://127.0.0.1:{port}/0"},
        "kafka": {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}"},
    }


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return a port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.django_db(transaction=True)
def test_readyz_names_every_service_that_it_reached() -> None:
    """In one request without a login."""
    response = Client().get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "services": dict.fromkeys(SERVICES, "ok")}


@pytest.fixture(scope="module")
def answers() -> dict[str, tuple[int, dict[str, Any]]]:
    """Return status and JSON of ``/readyz`` without each of the services."""
    return side_by_side(lambda service: ask("/readyz", **urls(free_port())[service]), SERVICES)


def test_readyz_is_degraded_and_200_without_kafka(
    answers: dict[str, tuple[int, dict[str, Any]]],
) -> None:
    """Everything continues without it; the response has the reason (docs/system-flow.md, §8)."""
    status, body = answers["kafka"]
    assert (status, body["status"]) == (200, "degraded")
    assert body["services"]["kafka"] != "ok"
    assert [reason.startswith("kafka is away") for reason in body["reasons"]] == [True]


@pytest.mark.parametrize("service", sorted(SERVICES - {"kafka"}))
def test_readyz_is_503_and_names_the_unavailable_service(
    service: str, answers: dict[str, tuple[int, dict[str, Any]]]
) -> None:
    """The others are reached."""
    status, body = answers[service]
    assert (status, body["status"]) == (503, "not ready")
    assert set(body["services"]) == SERVICES
    assert {name for name, state in body["services"].items() if state != "ok"} == {service}


def test_readyz_is_503_and_healthz_200_when_every_service_is_silent(silent_port: int) -> None:
    """A host that accepts a connection and sends nothing delays the response by its timeout only.

    Nor is the process dead because of it: starting it again would not help.
    """
    environment = {
        name: url for service in urls(silent_port).values() for name, url in service.items()
    }
    alive, ready = get_all(("/healthz", {}), ("/readyz", {}), **environment)
    assert (alive[0], json.loads(alive[2])) == (200, {"status": "alive"})
    assert ready[0] == 503
    assert all(state != "ok" for state in json.loads(ready[2])["services"].values())
