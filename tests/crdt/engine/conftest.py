"""Documents of the engine that a test is about."""

from collections.abc import Iterator

import pytest

from apps.crdt.engine.base import get_engine
from tests.crdt.apart import Apart
from tests.crdt.engine.engines import Documents


@pytest.fixture
def documents(engine: str) -> Iterator[Documents]:
    """Return documents of the engine that the test is about."""
    made = Documents(get_engine(engine))
    yield made
    made.close()


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    """Return the process for updates that may kill it."""
    with Apart() as process:
        yield process
