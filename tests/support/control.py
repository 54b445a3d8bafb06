"""Take one of the supervised programs away for a while, and bring it back."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from xmlrpc.client import ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from apps.embedded.data_dir import SERVICES, DataDir
from apps.embedded.programs import Program, services
from apps.embedded.stack import stack_services, web_servers
from tests.support.eventually import eventually
from tests.support.launcher import START_WAIT_S, Launched

#: The seven of ``make up``: those of Scriptorium, and the services.
PROCESSES = ("web", "worker", "beat", "postgres", "redis", "mongo", "kafka")
#: The supervisor would answer when a program has stood its first second; most serve before.
_DO_NOT_WAIT = False


@contextmanager
def away(stack: Launched, *names: str) -> Iterator[None]:
    """Stop services by the supervisor (so nothing brings them back); start them at the end."""
    full_names = _full_names(stack)
    for name in names:
        _call(stack, "stopProcess", full_names[name])
    try:
        yield
    finally:
        for name in names:
            _call(stack, "startProcess", full_names[name], _DO_NOT_WAIT)
        wait_until_ready(stack, *names)


@contextmanager
def paused(stack: Launched, name: str) -> Iterator[None]:
    """Let a program stand still: it is there and does not answer."""
    stack.kill(name, signal.SIGSTOP)
    try:
        yield
    finally:
        stack.kill(name, signal.SIGCONT)


def wait_until_back(stack: Launched, name: str, than: int) -> None:
    """Wait until a killed program has been started again, and serves if it is a service."""
    stack.wait_for_another(name, than)
    wait_until_ready(stack, name)


def wait_until_ready(stack: Launched, *names: str) -> None:
    """Wait until those of the programs that can be asked serve."""
    checks = [each.probe for each in programs(stack) if each.name in names and each.probe]
    eventually(lambda: all(is_ready(check) for check in checks), START_WAIT_S)


def programs(stack: Launched) -> list[Program]:
    """Return the services, and of ``make stack`` the web servers, too."""
    data_dir = DataDir.open(stack.data_dir, kind=None)
    if data_dir.kind == "up":
        return services(data_dir)
    return [*stack_services(data_dir, list(SERVICES)), *web_servers(data_dir)]


def states(stack: Launched) -> dict[str, str]:
    """Return how the supervisor finds each program: ``RUNNING``, ``BACKOFF`` and so on."""
    return {info["name"]: info["statename"] for info in _call(stack, "getAllProcessInfo")}


def _full_names(stack: Launched) -> dict[str, str]:
    """Return what the supervisor calls each program, with its group."""
    found = _call(stack, "getAllProcessInfo")
    return {info["name"]: f"{info['group']}:{info['name']}" for info in found}


def _call(stack: Launched, method: str, *arguments: Any) -> Any:
    socket = DataDir.open(stack.data_dir, kind=None).control_socket
    transport = SupervisorTransport(None, None, f"unix://{socket}")
    with ServerProxy("http://127.0.0.1", transport=transport) as server:
        return getattr(server.supervisor, method)(*arguments)


def is_ready(check: Callable[[], object]) -> bool:
    """Return whether a program's own check finds it ready."""
    try:
        check()
    except Exception:  # noqa: BLE001 - each service fails in its library's own way
        return False
    return True
