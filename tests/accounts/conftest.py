"""Fixtures of the tests of accounts."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django_redis import get_redis_connection

from apps.accounts.models import User
from tests.accounts.factories import make_user


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    """Reset the counters of other tests."""
    redis = get_redis_connection("default")
    for key in redis.scan_iter("scriptorium:rate:*"):
        redis.delete(key)
    yield
    redis.close()


@pytest.fixture
def admin() -> User:
    """Return a superuser."""
    return make_user("the-admin", is_staff=True, is_superuser=True)


@pytest.fixture
def browser(admin: User) -> Client:
    """Return the superuser's browser."""
    client = Client()
    client.force_login(admin)
    return client
