"""Leases of one server, as the tests of the log need them."""

from collections.abc import Iterator

import pytest

from apps.core import ids
from apps.oplog.leases import Leases


@pytest.fixture
def leases() -> Iterator[Leases]:
    """Return the leases of one server."""
    leases = Leases(ids.new_id())
    yield leases
    leases.release_all()
