"""Stop or freeze one of the supervised programs for a while."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from xmlrpc.client import ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from apps.embedded.data_dir import SERVICES, DataDir
from apps.embedded.probes import probe_http
from apps.embedded.programs import Program, services
from apps.embedded.stack import stack_services, web_servers
from tests.support.eventually import eventually
from tests.support.launcher import START_WAIT_S, Launched

#: The seven programs of ``make up``: those of Scriptorium, and the services.
PROCESSES = ("web", "worker", "beat", "postgres", "redis", "mongo", "kafka")
#: The supervisor would answer once a program has run for a second; most are ready before.
_DO_NOT_WAIT = False


@contextmanager
def away(stack: Launched, *names: str) -> Iterator[None]:
    """Stop programs by the supervisor, so that it does not restart them; start them at the end."""
    stack.renew_tokens()
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
    """Freeze a program: it exists and does not answer."""
    stack.renew_tokens()
    stack.kill(name, signal.SIGSTOP)
    try:
        yield
    finally:
        stack.kill(name, signal.SIGCONT)


def wait_until_back(stack: Launched, name: str, than: int) -> None:
    """Wait until a killed program has been restarted, and is ready if it has a check."""
    stack.wait_for_another(name, than)
    wait_until_ready(stack, name)


def wait_until_ready(stack: Launched, *names: str) -> None:
    """Wait until those of the programs that have a check are ready."""
    checks = [
        program.probe for program in programs(stack) if program.name in names and program.probe
    ]
    eventually(lambda: all(is_ready(check) for check in checks), START_WAIT_S)


def until_served(url: str) -> None:
    """Wait until an address is served."""
    eventually(lambda: is_ready(lambda: probe_http(url)), START_WAIT_S)


def programs(stack: Launched) -> list[Program]:
    """Return the services, and for ``make stack`` the web servers, too."""
    data_dir = DataDir.open(stack.data_dir, kind=None)
    if data_dir.kind == "up":
        return services(data_dir)
    return [*stack_services(data_dir, list(SERVICES)), *web_servers(data_dir)]


def states(stack: Launched) -> dict[str, str]:
    """Return the supervisor's state of each program: ``RUNNING``, ``BACKOFF`` and so on."""
    return {info["name"]: info["statename"] for info in _call(stack, "getAllProcessInfo")}


def _full_names(stack: Launched) -> dict[str, str]:
    """Return the supervisor's name of each program, with its group."""
    found = _call(stack, "getAllProcessInfo")
    return {info["name"]: f"{info['group']}:{info['name']}" for info in found}


def _call(stack: Launched, method: str, *arguments: Any) -> Any:
    socket = DataDir.open(stack.data_dir, kind=None).control_socket
    transport = SupervisorTransport(None, None, f"unix://{socket}")
    with ServerProxy("http://127.0.0.1", transport=transport) as server:
        return getattr(server.supervisor, method)(*arguments)


def is_ready(check: Callable[[], object]) -> bool:
    """Return whether a program's own check succeeds."""
    try:
        check()
    except Exception:  # noqa: BLE001 - each service fails in its library's own way
        return False
    return True
