"""The interface of CRDT engines: one document in memory, and merging of updates (ADR 0001)."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any, Final, Protocol, cast

from apps.core.errors import AppError, InvalidInputError
from apps.crdt.codec.vectors import Vector, decode_vector


class UpdateRejectedError(InvalidInputError):
    """The engine refused an update; the document is unchanged."""

    code = "rejected"


class EngineBrokenError(AppError):
    """The engine failed internally; discard the document and rebuild it from the log."""

    code = "engine_broken"


class UnknownEngineError(AppError):
    """There is no engine of this name, or its library is not installed."""

    code = "unknown_engine"


class EngineDocument(Protocol):
    """One document in memory.

    The caller must pass updates through the causal gate first, and call from one thread at a time.
    """

    def apply(self, update: bytes, *, brings_structs: bool | None = None) -> bool:
        """Merge a v1 update; return whether it changed the document (new structs, new deletes).

        With ``brings_structs``, which the causal gate knows, the engine need not find out whether
        there are new structs. Raise UpdateRejectedError or EngineBrokenError.
        """
        ...

    def batch(self) -> AbstractContextManager[None]:
        """Return a context that merges all updates applied in it at once, which is far cheaper.

        Inside, the result of ``apply`` is not reliable for deletes. The exit may raise
        EngineBrokenError.
        """
        ...

    def encode(self, vector: bytes | None = None) -> bytes:
        """Return a v1 update of the whole state, or of the state beyond an encoded version vector.

        Raise UpdateRejectedError if ``vector`` is malformed.
        """
        ...

    def state_vector(self) -> bytes:
        """Return the encoded version vector."""
        ...

    def text(self) -> str:
        """Return the plain text of the document's content, blocks separated by newlines."""
        ...

    def opening(self, max_chars: int) -> str:
        """Return the first lines of ``text``, as many as make ``max_chars``, at a bounded cost."""
        ...

    def reading(self) -> list[tuple[Any, ...]]:
        """Return what readers see, to be compared (``apps.crdt.engine.reading``)."""
        ...

    def close(self) -> None:
        """Free the memory; the document must not be used afterwards."""
        ...


class Engine(Protocol):
    """A CRDT library."""

    name: str
    #: True if only the thread that created a document may use and free it.
    thread_bound: bool

    def new_document(self) -> EngineDocument:
        """Return an empty document."""
        ...

    def merge(self, updates: Sequence[bytes]) -> bytes:
        """Return one v1 update with the content of all ``updates``; raise as ``apply`` does."""
        ...

    def vector_of(self, state: bytes) -> bytes:
        """Return the encoded version vector of a whole state, which ``encode`` has returned."""
        ...


def has_everything(engine: Engine, document: EngineDocument, vector: Vector) -> bool:
    """Return whether the document's encoded state has everything up to ``vector``.

    After an edit inside a surrogate pair, the engine's clocks are wrong: its states lack what is
    applied from then on, without any error (ADR 0001). The log has all of it.
    """
    return decode_vector(engine.vector_of(document.encode())) == vector


_MODULES: Final = {
    "pycrdt": "apps.crdt.engine.pycrdt",
    "y_py": "apps.crdt.engine.y_py",
}


def get_engine(name: str) -> Engine:
    """Return the engine of this name; its library is imported on the first call."""
    if name not in _MODULES:
        raise UnknownEngineError(f"There is no CRDT engine {name!r}; choose pycrdt or y_py.")
    try:
        module = import_module(_MODULES[name])
    except ImportError as err:
        raise UnknownEngineError(f"The CRDT engine {name!r} is not installed: {err}") from err
    return cast("Callable[[], Engine]", module.create_engine)()
