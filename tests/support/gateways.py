"""A gateway of a test, in front of any web servers."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from apps.embedded.data_dir import DataDir
from apps.embedded.gateway import Gateway
from tests.support.control import is_ready
from tests.support.eventually import eventually


@contextmanager
def running(gateway: Gateway, data_dir: DataDir) -> Iterator[str]:
    """Run nginx as the supervisor does; yields its address."""
    gateway.write(data_dir)
    program = gateway.program(data_dir)
    with subprocess.Popen(program.argv(data_dir), stdout=subprocess.DEVNULL) as process:
        try:
            assert program.probe is not None
            check = program.probe
            eventually(lambda: is_ready(check))
            yield gateway.site.url
        finally:
            process.terminate()
