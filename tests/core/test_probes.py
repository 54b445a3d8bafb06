"""The probes ``/healthz``, ``/readyz`` and ``/metrics``, by the address of the process."""

import pytest
from django.test import Client

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
