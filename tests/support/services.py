"""Real services for the whole test run: loaded as a plugin, before Django reads its settings.

They are those of ``make up``, on a data folder of their own that goes away at the end. With lanes
(``pytest -n 2``) each lane has its own, and the process that only hands out tests has none.
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
#: Settings that load where no service is asked for anything.
_NO_SERVICES = {
    "SECRET_KEY": "none",
    "ALLOWED_HOSTS": "localhost",
    "DATABASE_URL": "postgres://localhost/none",
    "MONGODB_URL": "mongodb://localhost/none",
    "REDIS_URL": "redis://localhost",
    "KAFKA_BOOTSTRAP_SERVERS": "localhost:9092",
}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Start the services; this is the last moment before the settings are read."""
    if _hands_out_tests(early_config):
        os.environ.update(_NO_SERVICES)
        # A lane reads the plugins of pyproject.toml too late: after the settings.
        os.environ["PYTEST_PLUGINS"] = __name__
        return (yield)
    folder = Path(tempfile.mkdtemp(prefix="scriptorium-test-"))
    launched = Launched(folder, action="services")

    def remove() -> None:
        # Only now, because its import reads the settings. It would log that its broker is gone.
        from apps.oplog.publisher import close_shared_publisher

        close_shared_publisher()
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


def _hands_out_tests(early_config: pytest.Config) -> bool:
    """Return whether tests run in lanes and this process is none of them."""
    lanes = early_config.known_args_namespace.numprocesses
    return bool(lanes) and "PYTEST_XDIST_WORKER" not in os.environ
