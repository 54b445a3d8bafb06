"""Probes of a web server that is under attack.

A probe is measured by the processor time of the web server until its answer. That is how long the
answer takes on a machine with nothing else to do, however busy this one is.
"""

import asyncio
import os
from collections.abc import AsyncIterator
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
    done = asyncio.Event()
    web = stack.pid("web")

    async def probe() -> None:
        while not done.is_set():
            began = processor_s(web)
            await asyncio.to_thread(requests.get, f"{stack.url}/healthz", timeout=60)
            took.append(processor_s(web) - began)

    probing = asyncio.create_task(probe())
    try:
        yield took
    finally:
        done.set()
        await probing


def processor_s(pid: int) -> float:
    """Return the processor time of a process, in all its threads and without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S
