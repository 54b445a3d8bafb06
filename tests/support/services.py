"""Real services for the whole test run: loaded as a plugin, before Django reads its settings.

They are those of ``make up``, on a data folder of their own that goes away at the end.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import listen
from tests.support.launcher import Launched

_LAUNCHED = pytest.StashKey[Launched]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Start the services; this is the last moment before the settings are read."""
    folder = Path(tempfile.mkdtemp(prefix="scriptorium-test-"))
    launched = Launched(folder, action="services")

    def remove() -> None:
        launched.stop()
        shutil.rmtree(folder)

    early_config.add_cleanup(remove)
    early_config.stash[_LAUNCHED] = launched
    launched.wait_until_ready()
    os.environ.update(launched.settings(), SERVER_ID="test")
    listen()
    return (yield)


@pytest.fixture(scope="session")
def services(pytestconfig: pytest.Config) -> Launched:
    """Return the services of this test run, for tests that hurt them."""
    return pytestconfig.stash[_LAUNCHED]
