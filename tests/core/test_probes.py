"""The probes ``/healthz``, ``/readyz`` and ``/metrics``, by the address of the process."""

import pytest
from django.test import Client
from pytest_django import Settings

#: The address of a container, which is unknown before it runs.
ADDRESS = "10.1.2.3:8000"


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_probe_is_answered_under_any_host_name(path: str) -> None:
    """A probe that sends its own ``Host`` would have to be in ALLOWED_HOSTS."""
    assert Client().get(path, headers={"host": ADDRESS}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/schema/", "/healthz/", "/metrics/x"])
def test_everything_else_is_refused_under_a_name_that_is_not_ours(path: str) -> None:
    """ALLOWED_HOSTS holds for all other paths."""
    assert Client().get(path, headers={"host": ADDRESS}).status_code == 400


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1", ""])
def test_details_are_for_this_machine_only_where_no_gateway_hides_them(
    settings: Settings, address: str
) -> None:
    """``HOST=0.0.0.0 make up``: a stranger learns whether the product is ready, and no more.

    A header of the stranger changes nothing.
    """
    settings.PROBES_LOCAL_ONLY = True
    stranger = Client(REMOTE_ADDR=address, headers={"x-forwarded-for": "127.0.0.1"})
    metrics = stranger.get("/metrics")
    assert (metrics.status_code, metrics.content) == (403, b"")
    ready = stranger.get("/readyz")
    assert ready.content == b""
    assert ready.status_code == Client().get("/readyz").status_code
    assert stranger.get("/healthz").json() == {"status": "alive"}
    for local in ("127.0.0.1", "::1"):
        assert b"scriptorium_" in Client(REMOTE_ADDR=local).get("/metrics").content
        assert "services" in Client(REMOTE_ADDR=local).get("/readyz").json()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probe_is_not_sniffed_and_not_stored(path: str) -> None:
    """They are answered before the security middleware."""
    headers = Client().get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
