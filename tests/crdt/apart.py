"""An engine in a process of its own, so that a crash of the engine does not harm the tests."""

import resource
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, Final, NamedTuple, Self, TypeVar

from apps.core.errors import AppError
from apps.crdt.engine.base import get_engine
from tests.crdt.samples import apply_all

T = TypeVar("T")

#: How long a call may take by default, in seconds.
DEADLINE_S: Final = 60
#: How long the start of a process may take on a busy machine, in seconds.
START_WAIT_S: Final = 120


class Outcome(NamedTuple):
    """The outcome of an update.

    ``error`` names our error and the library's behind it, None where the update was applied;
    ``before`` and ``after`` are the document's states.
    """

    error: tuple[str, str] | None
    before: bytes
    after: bytes


def attempt(engine: str, updates: Sequence[bytes], update: bytes) -> Outcome:
    """Apply ``update`` to a document of ``updates``, then read everything from it."""
    document = get_engine(engine).new_document()
    apply_all(document, updates)
    before = document.encode()
    error = None
    try:
        document.apply(update)
        document.text()
    except AppError as err:
        error = (type(err).__name__, type(err.__cause__).__name__)
    outcome = Outcome(error, before, document.encode())
    document.close()
    return outcome


class Apart:
    """One process, started again after a crash.

    A call has ``deadline_s`` seconds and, if given, ``memory_bytes`` of address space.
    """

    def __init__(
        self, *, deadline_s: float = DEADLINE_S, memory_bytes: int = resource.RLIM_INFINITY
    ) -> None:
        self._deadline_s = deadline_s
        self._memory_bytes = memory_bytes
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._drop()

    def attempt(self, engine: str, updates: Sequence[bytes], update: bytes) -> Outcome:
        """Return the outcome of an update there; raise as ``call`` does."""
        return self.call(attempt, engine, updates, update)

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function there; raise BrokenProcessPool if the process dies.

        A call that does not end within its deadline raises TimeoutError, and its process ends.
        """
        if self._pool is None:
            self._pool = self._started()
        try:
            return self._pool.submit(function, *arguments).result(self._deadline_s)
        except (BrokenProcessPool, TimeoutError):
            self._kill()
            raise

    def _started(self) -> ProcessPoolExecutor:
        limit = (self._memory_bytes, self._memory_bytes)
        pool = ProcessPoolExecutor(
            1,
            mp_context=get_context("spawn"),
            initializer=resource.setrlimit,
            initargs=(resource.RLIMIT_AS, limit),
        )
        pool.submit(int).result(START_WAIT_S)
        return pool

    def _kill(self) -> None:
        if self._pool is not None:
            for process in list((self._pool._processes or {}).values()):
                process.kill()
        self._drop()

    def _drop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
