"""The CRDT engine that the product asks for, whichever library stands behind it (ADR 0001)."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Final, Protocol, cast

from apps.core.errors import AppError, InvalidInputError
from apps.crdt.codec.vectors import Vector, decode_vector


class UpdateRejectedError(InvalidInputError):
    """The engine refused an update; the document is as it was before."""

    code = "rejected"


class EngineBrokenError(AppError):
    """The engine failed within; discard the document, build it anew from the log."""

    code = "engine_broken"


class UnknownEngineError(AppError):
    """There is no engine of this name, or it cannot run on this Python."""

    code = "unknown_engine"


class EngineDocument(Protocol):
    """One document in memory. The caller guarantees the causal gate, and one owner at a time."""

    def apply(self, update: bytes, *, brings_structs: bool | None = None) -> bool:
        """Merge a v1 update; tell whether it changed the document (new structs, new deletes).

        ``brings_structs``, where the caller has it from the gate, spares the question to the
        engine. Raise UpdateRejectedError or EngineBrokenError.
        """
        ...

    def batch(self) -> AbstractContextManager[None]:
        """Merge all that is applied within it at once, which is far cheaper for many.

        Meanwhile ``apply`` cannot tell of deletes whether they change anything. Leaving it may
        raise EngineBrokenError.
        """
        ...

    def encode(self, vector: bytes | None = None) -> bytes:
        """Return a v1 update of everything, or of what an encoded version vector lacks.

        Raise UpdateRejectedError when ``vector`` is not one.
        """
        ...

    def state_vector(self) -> bytes:
        """Return the encoded version vector."""
        ...

    def text(self) -> str:
        """Return the plain text of the document's content, blocks separated by newlines."""
        ...

    def close(self) -> None:
        """Let go of the memory; the document may not be used after this."""
        ...


class Engine(Protocol):
    """A CRDT library behind the interface."""

    name: str
    #: True when a document may only be used, and freed, by the thread that made it.
    thread_bound: bool

    def new_document(self) -> EngineDocument:
        """Return an empty document."""
        ...

    def merge(self, updates: Sequence[bytes]) -> bytes:
        """Return one v1 update with everything that ``updates`` hold; raise as ``apply`` does."""
        ...

    def vector_of(self, state: bytes) -> bytes:
        """Return the encoded version vector of a whole state, as ``encode`` gives it."""
        ...


def has_everything(engine: Engine, document: EngineDocument, vector: Vector) -> bool:
    """Tell whether the document's state holds all that has been applied, which is ``vector``.

    An edit inside a surrogate pair makes the engine lose count: from then on its states lack what
    came, and nothing else says so (ADR 0001). The log has it.
    """
    return decode_vector(engine.vector_of(document.encode())) == vector


_MODULES: Final = {
    "pycrdt": "apps.crdt.engine.pycrdt",
    "y_py": "apps.crdt.engine.y_py",
}


def get_engine(name: str) -> Engine:
    """Return the engine of this name, its library imported now and not before."""
    if name not in _MODULES:
        raise UnknownEngineError(f"There is no CRDT engine {name!r}; choose pycrdt or y_py.")
    try:
        module = import_module(_MODULES[name])
    except ImportError as err:
        raise UnknownEngineError(f"The CRDT engine {name!r} is not installed: {err}") from err
    return cast("Callable[[], Engine]", module.create_engine)()
