"""What a piece of code asks of the databases: queries to PostgreSQL, commands to MongoDB."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection
from django.test.utils import CaptureQueriesContext
from pymongo import monitoring


@dataclass
class Asked:
    """What was asked: each query's SQL, each command's name."""

    queries: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @property
    def counts(self) -> tuple[int, int]:
        """Return how many queries and how many commands."""
        return len(self.queries), len(self.commands)


class _Listener(monitoring.CommandListener):
    """Tells who listens of the commands of their own thread, or of all threads."""

    def __init__(self) -> None:
        self._hearing = threading.local()
        self._hearing_all: list[list[str]] = []

    @contextmanager
    def hears(self, commands: list[str]) -> Iterator[None]:
        """Add the name of each command of this thread while the block runs."""
        self._hearing.commands = commands
        try:
            yield
        finally:
            self._hearing.commands = None

    @contextmanager
    def hears_all(self, commands: list[str]) -> Iterator[None]:
        """Add the name of each command of any thread while the block runs."""
        self._hearing_all.append(commands)
        try:
            yield
        finally:
            self._hearing_all.remove(commands)

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note a command."""
        if (commands := getattr(self._hearing, "commands", None)) is not None:
            commands.append(event.command_name)
        for names in self._hearing_all:
            names.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Do nothing: it was noted when it started."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Do nothing: it was noted when it started."""


_LISTENER = _Listener()


def listen() -> None:
    """Hear of the commands of all connections that are made from now on."""
    monitoring.register(_LISTENER)


@contextmanager
def asked() -> Iterator[Asked]:
    """Yield what this thread asks of the databases; it is complete at the block's end."""
    found = Asked()
    with CaptureQueriesContext(connection) as captured, _LISTENER.hears(found.commands):
        yield found
    found.queries += [query["sql"] for query in captured]


@contextmanager
def commands_of_all_threads() -> Iterator[list[str]]:
    """Yield the names of the commands that this process sends to MongoDB meanwhile."""
    commands: list[str] = []
    with _LISTENER.hears_all(commands):
        yield commands
