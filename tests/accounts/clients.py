"""Clients of the REST interface, for the tests of all apps."""

from typing import Any

from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.tokens import access_token_for


def bearer(user: User) -> APIClient:
    """Return a client that sends the user's access token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token_for(user)}")
    return client


def assert_error(response: Any, status: int, code: str) -> dict[str, Any]:
    """Assert the one error shape with this status and code; return the body."""
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert set(body) == {"code", "detail", "extra"}
    assert isinstance(body["detail"], str)
    assert isinstance(body["extra"], dict)
    return body
