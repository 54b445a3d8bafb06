"""An owner of a document, a client of the owner, and the document."""

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.documents.models import Document
from tests.accounts.clients import bearer
from tests.accounts.factories import make_user
from tests.documents.factories import make_document


@pytest.fixture
def owner() -> User:
    """Return a user who may create documents."""
    return make_user(may_create=True)


@pytest.fixture
def client(owner: User) -> APIClient:
    """Return a client of the owner."""
    return bearer(owner)


@pytest.fixture
def document(owner: User) -> Document:
    """Return a document of the owner."""
    return make_document(owner)
