"""Probes of a web server that is under attack.

A probe is measured by the processor time of the web server until its answer. That is how long the
answer takes on a machine with nothing else to do, however busy this one is.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import requests

from tests.support.launcher import Launched

#: What a probe may take of the web server's processor, in seconds: 0.25 on a quick machine. A
#: shared processor takes longer for the same work.
PROBE_MAX_S: Final = 0.5
_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def probed(stack: Launched) -> AsyncIterator[list[float]]:
    """Probe the web server all the time; collect what each probe took of its processor."""
    took = [0.0]
    done = threading.Event()
    web = stack.pid("web")

    def probe() -> None:
        """Probe in one thread: the event loop of the test is busy with the attack."""
        while not done.is_set():
            began = processor_s(web)
            requests.get(f"{stack.url}/healthz", timeout=60)
            took.append(processor_s(web) - began)

    with ThreadPoolExecutor(1) as thread:
        probing = thread.submit(probe)
        try:
            yield took
        finally:
            done.set()
            await asyncio.wrap_future(probing)


def processor_s(pid: int) -> float:
    """Return the processor time of a process, in all its threads and without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S
