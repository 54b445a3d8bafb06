"""Injects faults into a running Scriptorium, and ends those that do not end by themselves."""

import contextlib
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import redis

from apps.embedded.data_dir import DataDir
from tests.crash.schedule import Fault
from tests.support.control import away, wait_until_back
from tests.support.launcher import Launched
from tests.support.slow_proxy import SlowProxy
from tests.support.stored import flipped, stored
from tests.support.web_server import WebServer


@dataclass(frozen=True)
class Stage:
    """A Scriptorium, and a second web server that reaches MongoDB through a proxy."""

    stack: Launched
    server: WebServer
    proxy: SlowProxy


@contextmanager
def staged(stack: Launched, name: str) -> Iterator[Stage]:
    """Start the second web server; its lease is shorter than a response of the slow MongoDB."""
    port = DataDir.open(stack.data_dir).ports["mongo"]
    url = stack.settings()["MONGODB_URL"]
    with SlowProxy(port) as proxy:
        through = url.replace(f":{port}/", f":{proxy.port}/")
        with WebServer(stack, name, {"MONGODB_URL": through, "LOCK_LEASE_S": "1"}) as server:
            yield Stage(stack, server, proxy)


def strike(stage: Stage, document_id: str, fault: Fault) -> None:
    """Inject a fault for its duration; return when all processes are back."""
    stack, targets = stage.stack, fault.targets
    at_once: dict[str, Callable[[], None]] = {
        "kill": lambda: kill(stack, targets),
        "flush": lambda: flush(stack),
        "flip a byte in": lambda: _damage(stack, document_id, targets),
    }
    lasting: dict[str, Callable[[], AbstractContextManager[None]]] = {
        "freeze": lambda: _frozen(stack, targets),
        "take away": lambda: away(stack, *targets),
        "fill the disk of": lambda: no_byte_more(stack.pid("mongo")),
        "slow down": lambda: _slowed(stage.proxy),
    }
    if fault.kind in at_once:
        at_once[fault.kind]()
        return
    with lasting[fault.kind]():
        threading.Event().wait(fault.lasts_s)


def kill(stack: Launched, names: Iterable[str]) -> None:
    """Kill processes at once, and wait until their supervisor has restarted them."""
    pids = {name: stack.kill(name) for name in names}
    for name, pid in pids.items():
        wait_until_back(stack, name, pid)


def flush(stack: Launched) -> None:
    """Delete everything in Redis: cache, channel layer, the workers' queue."""
    with redis.Redis.from_url(stack.settings()["REDIS_URL"]) as client:
        client.flushall()


@contextmanager
def no_byte_more(pid: int) -> Iterator[None]:
    """Prevent a process from writing to files, until the end."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def _frozen(stack: Launched, names: Iterable[str]) -> Iterator[None]:
    pids = [stack.kill(name, signal.SIGSTOP) for name in names]
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def _slowed(proxy: SlowProxy) -> Iterator[None]:
    proxy.delay_s = 1.0
    try:
        yield
    finally:
        proxy.delay_s = 0.0


def _damage(stack: Launched, document_id: str, names: Iterable[str]) -> None:
    """Damage the latest snapshot in some places, and reload the document."""
    with stored(stack, document_id) as store:
        if "redis" in names and (cached := store.cached_snapshot()) is not None:
            store.damage_cache(flipped(cached))
        if "mongo" in names:
            latest = store.versions()[0]
            store.damage_version(latest["number"], flipped(bytes(latest["snapshot"])))
    kill(stack, ["web"])
