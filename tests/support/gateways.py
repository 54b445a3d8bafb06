"""A gateway of a test's own, before whatever web servers it names."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from apps.embedded.data_dir import DataDir
from apps.embedded.gateway import Gateway
from tests.support.control import is_ready
from tests.support.eventually import eventually


@contextmanager
def running(gateway: Gateway, place: DataDir) -> Iterator[str]:
    """Run nginx as the supervisor does; yields its address."""
    gateway.write(place)
    program = gateway.program(place)
    with subprocess.Popen(program.words(place), stdout=subprocess.DEVNULL) as process:
        try:
            assert program.is_ready is not None
            check = program.is_ready
            eventually(lambda: is_ready(check))
            yield gateway.site.url
        finally:
            process.terminate()
