"""Fixtures of the tests of accounts."""

from collections.abc import Iterator

import pytest
from django_redis import get_redis_connection


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    """Reset the counters of other tests."""
    redis = get_redis_connection("default")
    for key in redis.scan_iter("scriptorium:rate:*"):
        redis.delete(key)
    yield
    redis.close()
