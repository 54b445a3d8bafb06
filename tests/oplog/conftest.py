"""A producer and leases of one server, as the tests of the log need them."""

from collections.abc import Iterator

import pytest

from apps.core import ids
from apps.oplog.leases import Leases
from apps.oplog.publisher import Publisher


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    """Return a producer of the real broker."""
    publisher = Publisher()
    yield publisher
    publisher.close()


@pytest.fixture
def leases() -> Iterator[Leases]:
    """Return the leases of one server."""
    leases = Leases(ids.new_id())
    yield leases
    leases.release_all()
