"""An engine in a process of its own, so that a crash of the engine does not harm the tests."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import NamedTuple, Self

from apps.core.errors import AppError
from apps.crdt.engine.base import get_engine
from tests.crdt.samples import apply_all


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
    """One process, started again after a crash."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._drop()

    def attempt(self, engine: str, updates: Sequence[bytes], update: bytes) -> Outcome:
        """Return the outcome of an update there; raise BrokenProcessPool if the process dies."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        try:
            return self._pool.submit(attempt, engine, updates, update).result()
        except BrokenProcessPool:
            self._drop()
            raise

    def _drop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
