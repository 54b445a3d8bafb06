"""An owner of documents, and a client of the owner."""

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from tests.accounts.clients import bearer
from tests.accounts.factories import make_user


@pytest.fixture
def owner() -> User:
    """Return a user who may create documents."""
    return make_user(may_create=True)


@pytest.fixture
def client(owner: User) -> APIClient:
    """Return a client of the owner."""
    return bearer(owner)
