"""The watcher of a running product: probes, memory, processes, and errors in the logs."""

import asyncio
import re
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, Self

import requests

from tests.fuzz.product_clock import ProductClock
from tests.support.control import PROCESSES
from tests.support.eventually import eventually_async
from tests.support.launcher import Launched

#: Intervals of a probe and of a measurement of memory, in seconds.
PROBE_INTERVAL_S: Final = 0.1
MEMORY_INTERVAL_S: Final = 1.0
#: A probe that takes longer is no answer, in seconds.
PROBE_TIMEOUT_S: Final = 30.0
#: Processes whose memory is bounded: those that read what strangers send.
MEASURED: Final = ("web", "worker", "beat")
#: Logs in which an error that nobody expected is a finding.
LOGS: Final = ("web", "worker", "beat", "web-fuzz")
_UNEXPECTED: Final = re.compile(
    r"Traceback \(most recent call last\)|PanicException|panicked at|Internal Server Error|Fatal "
)


class Bounds(NamedTuple):
    """What is a finding: times in seconds, growth of the memory of one process in bytes.

    Times but ``settle_s`` are by the web server's clock (``tests.fuzz.product_clock``).
    """

    probe_s: float = 5.0
    honest_s: float = 10.0
    settle_s: float = 60.0
    memory_bytes: int = 400 * 1024**2


class Watcher:
    """Watches one product; ``findings`` returns what was found since the last call."""

    def __init__(self, stack: Launched, bounds: Bounds) -> None:
        self._stack = stack
        self._bounds = bounds
        self._clock = ProductClock(partial(stack.pid, "web"))
        self._pids = {name: stack.pid(name) for name in PROCESSES}
        self._memory = {name: rss_bytes(self._pids[name]) for name in MEASURED}
        self._read_up_to = {name: _size(self._log(name)) for name in LOGS}
        self._tasks: list[asyncio.Task[None]] = []
        self.worst_probe_s = 0.0
        self.worst_growth_bytes = 0
        self._failed_probe = ""
        self._asked_at: float | None = None
        self._measured = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._probe()), asyncio.create_task(self._measure())]
        return self

    async def __aexit__(self, *_error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    def findings(self) -> list[str]:
        """Return what was found, and begin again."""
        found = [*self._ended(), *self._logged()]
        self.worst_probe_s = max(self.worst_probe_s, self._waited_s())
        if self._failed_probe:
            found.append(f"healthz: {self._failed_probe}")
        elif self.worst_probe_s > self._bounds.probe_s:
            found.append(f"healthz: answered after {self.worst_probe_s:.1f} s")
        if self.worst_growth_bytes > self._bounds.memory_bytes:
            grown = self.worst_growth_bytes / 1024**2
            found.append(f"memory: a process has grown by {grown:.0f} MiB")
            self._memory = {name: rss_bytes(self._pids[name]) for name in MEASURED}
        self._failed_probe, self.worst_probe_s, self.worst_growth_bytes = "", 0.0, 0
        return found

    async def until_probe_takes(self, seconds: float) -> None:
        """Wait until a probe has been without an answer for so long."""
        await eventually_async(partial(self._takes, seconds))

    async def until_measured(self) -> None:
        """Wait for the next measurement of memory."""
        self._measured.clear()
        await self._measured.wait()

    async def _takes(self, seconds: float) -> bool:
        return self._waited_s() > seconds

    def _waited_s(self) -> float:
        """Return how long the present probe has waited for its answer."""
        return 0.0 if self._asked_at is None else self._clock.now() - self._asked_at

    def _ended(self) -> list[str]:
        """Return the processes that were restarted, or are about to be."""
        found = []
        for name, pid in self._pids.items():
            now = self._stack.pid(name)
            if now != pid or not Path(f"/proc/{pid}").exists():
                found.append(f"process: {name} has ended")
                self._pids[name] = now
        return found

    def _logged(self) -> list[str]:
        found = []
        for name in LOGS:
            if not self._log(name).exists():
                continue
            with self._log(name).open("rb") as log:
                log.seek(self._read_up_to[name])
                new = log.read()
            self._read_up_to[name] += len(new)
            text = new.decode(errors="replace")
            if match := _UNEXPECTED.search(text):
                around = text[max(0, match.start() - 300) : match.end() + 1_500]
                found.append(f"log: {name} has an unexpected error: {around}")
        return found

    def _log(self, name: str) -> Path:
        return self._stack.data_dir / "log" / f"{name}.log"

    async def _probe(self) -> None:
        while True:
            began = self._asked_at = self._clock.now()
            try:
                answer = await asyncio.to_thread(
                    requests.get, f"{self._stack.url}/healthz", timeout=PROBE_TIMEOUT_S
                )
            except requests.RequestException as err:
                self._failed_probe = f"{type(err).__name__} after {self._clock.now() - began:.1f} s"
            else:
                if not answer.ok:
                    self._failed_probe = f"answered {answer.status_code}"
            self.worst_probe_s = max(self.worst_probe_s, self._clock.now() - began)
            self._asked_at = None
            await asyncio.sleep(PROBE_INTERVAL_S)

    async def _measure(self) -> None:
        while True:
            for name in MEASURED:
                growth = rss_bytes(self._pids[name]) - self._memory[name]
                self.worst_growth_bytes = max(self.worst_growth_bytes, growth)
            self._measured.set()
            await asyncio.sleep(MEMORY_INTERVAL_S)


def rss_bytes(pid: int) -> int:
    """Return the resident memory of a process, 0 where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(match[1]) * 1024 if match else 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
