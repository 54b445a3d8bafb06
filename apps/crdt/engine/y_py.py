"""y-py, the engine that was required at first: selectable, not recommended (ADR 0001).

pycrdt, which is always installed, does what y-py cannot: it merges updates without a document, and
reads XML fragments for the plain text.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import y_py

from apps.crdt.engine.base import EngineBrokenError, EngineDocument, UpdateRejectedError
from apps.crdt.engine.pycrdt import PycrdtEngine
from apps.crdt.engine.reading import Reading

_NO_DELETES = b"\x00"


def _translate(err: BaseException) -> BaseException:
    """Return our error for an error of the library, and any other error unchanged."""
    if type(err).__name__ == "EncodingException":
        return UpdateRejectedError(f"The bytes were refused: {err}")
    if isinstance(err, RuntimeError) or type(err).__name__ == "PanicException":
        return EngineBrokenError(f"The CRDT engine failed: {err}")
    return err


class _Changes:
    """Changes that a document's observer has seen.

    An object of its own, so that the observer does not hold the document in a reference cycle.
    """

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen = False

    def on_transaction(self, event: Any) -> None:
        if event.delete_set != _NO_DELETES or event.before_state != event.after_state:
            self.seen = True


class YPyDocument:
    """A document of y-py; only the thread that created it may use and free it."""

    __slots__ = ("_changes", "_doc", "_subscription")

    def __init__(self) -> None:
        self._doc = y_py.YDoc()
        self._changes = _Changes()
        self._subscription = self._doc.observe_after_transaction(self._changes.on_transaction)

    def apply(self, update: bytes, *, brings_structs: bool | None = None) -> bool:
        """Merge an update; return whether it changed the document."""
        self._changes.seen = False
        try:
            y_py.apply_update(self._doc, update)
        except BaseException as err:
            raise _translate(err) from err
        return bool(brings_structs) or self._changes.seen

    def batch(self) -> AbstractContextManager[None]:
        """Return a context without effect: y-py merges each update by itself."""
        return nullcontext()

    def encode(self, vector: bytes | None = None) -> bytes:
        """Return the whole state, or the state beyond ``vector``, as one update."""
        try:
            return bytes(y_py.encode_state_as_update(self._doc, vector))
        except BaseException as err:
            raise _translate(err) from err

    def state_vector(self) -> bytes:
        """Return the encoded version vector."""
        try:
            return bytes(y_py.encode_state_vector(self._doc))
        except BaseException as err:
            raise _translate(err) from err

    def text(self) -> str:
        """Return the plain text of the document's content."""
        with self._reader() as reader:
            return reader.text()

    def opening(self, max_chars: int) -> str:
        """Return the first lines of the document's content."""
        with self._reader() as reader:
            return reader.opening(max_chars)

    def reading(self) -> Reading:
        """Return what readers see of its state, in a form that can be compared."""
        with self._reader() as reader:
            return reader.reading()

    @contextmanager
    def _reader(self) -> Iterator[EngineDocument]:
        reader = PycrdtEngine().new_document()
        reader.apply(self.encode(), brings_structs=True)
        try:
            yield reader
        finally:
            reader.close()

    def close(self) -> None:
        """Free the memory."""
        del self._subscription, self._doc


class YPyEngine:
    """The engine of y-py."""

    name = "y_py"
    thread_bound = True

    def new_document(self) -> EngineDocument:
        """Return an empty document."""
        return YPyDocument()

    def merge(self, updates: Sequence[bytes]) -> bytes:
        """Return one update with the content of all ``updates``."""
        return PycrdtEngine().merge(updates)

    def vector_of(self, state: bytes) -> bytes:
        """Return the encoded version vector of a whole state."""
        return PycrdtEngine().vector_of(state)


def create_engine() -> YPyEngine:
    """Return the engine; called by ``apps.crdt.engine.base.get_engine``."""
    return YPyEngine()
