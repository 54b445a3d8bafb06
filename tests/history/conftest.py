"""Clients for the REST interface of the history."""

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from tests.accounts.clients import bearer
from tests.accounts.factories import make_user


@pytest.fixture
def owner() -> User:
    """Return the owner of the document."""
    return make_user(may_create=True)


@pytest.fixture
def client(owner: User) -> APIClient:
    """Return a client of the owner."""
    return bearer(owner)
