"""Database calls of a piece of code: queries to PostgreSQL, commands to MongoDB."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection
from django.test.utils import CaptureQueriesContext
from pymongo import monitoring


@dataclass
class Asked:
    """The recorded calls: SQL of each query, name of each command."""

    queries: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @property
    def counts(self) -> tuple[int, int]:
        """Return the numbers of queries and commands."""
        return len(self.queries), len(self.commands)


class _Listener(monitoring.CommandListener):
    """Records commands of the current thread, or of all threads."""

    def __init__(self) -> None:
        self._of_thread = threading.local()
        self._of_all_threads: list[list[str]] = []

    @contextmanager
    def record_thread(self, commands: list[str]) -> Iterator[None]:
        """Add the name of each command of this thread while the block runs."""
        self._of_thread.commands = commands
        try:
            yield
        finally:
            self._of_thread.commands = None

    @contextmanager
    def record_all(self, commands: list[str]) -> Iterator[None]:
        """Add the name of each command of any thread while the block runs."""
        self._of_all_threads.append(commands)
        try:
            yield
        finally:
            self._of_all_threads.remove(commands)

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Record a command."""
        if (commands := getattr(self._of_thread, "commands", None)) is not None:
            commands.append(event.command_name)
        for names in self._of_all_threads:
            names.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Do nothing: the command was recorded when it started."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Do nothing: the command was recorded when it started."""


_LISTENER = _Listener()


def listen() -> None:
    """Record the commands of all connections that are opened from now on."""
    monitoring.register(_LISTENER)


@contextmanager
def asked() -> Iterator[Asked]:
    """Yield the database calls of this thread; complete at the end of the block."""
    found = Asked()
    with CaptureQueriesContext(connection) as captured, _LISTENER.record_thread(found.commands):
        yield found
    found.queries += [query["sql"] for query in captured]


@contextmanager
def commands_of_all_threads() -> Iterator[list[str]]:
    """Yield the names of this process's MongoDB commands while the block runs."""
    commands: list[str] = []
    with _LISTENER.record_all(commands):
        yield commands
