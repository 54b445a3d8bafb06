"""pycrdt, the default engine.

The Python layer of the library costs as much as a small merge itself, so ``apply`` calls the
compiled module directly. The version is pinned exactly, so that module cannot change (ADR 0001).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pycrdt

from apps.crdt.codec.vectors import EMPTY_VECTOR
from apps.crdt.engine.base import EngineBrokenError, EngineDocument, UpdateRejectedError
from apps.crdt.engine.errors import engine_errors, translate_error
from apps.crdt.engine.reading import Reading, document_reading
from apps.crdt.engine.text import document_opening, document_text


class PycrdtDocument:
    """A document of pycrdt."""

    __slots__ = ("_changed", "_doc", "_inner", "_transaction")

    def __init__(self) -> None:
        self._doc: pycrdt.Doc[pycrdt.XmlFragment] = pycrdt.Doc()
        self._inner = self._doc._doc  # noqa: SLF001 - see the module's docstring
        self._changed = False
        #: The transaction of a batch.
        self._transaction: Any = None

    def apply(self, update: bytes, *, brings_structs: bool | None = None) -> bool:
        """Merge an update; return whether it changed the document.

        An update of deletes does not change the version vector, so an observer is attached for
        this one transaction. A permanent observer would double the cost of every update.
        """
        if brings_structs or self._transaction is not None:
            self._merge(update)
            return True
        self._changed = False
        subscription = self._inner.observe(self._note_change)
        try:
            self._merge(update)
        finally:
            subscription.drop()
        return self._changed

    def _note_change(self, _event: pycrdt.TransactionEvent) -> None:
        self._changed = True

    def _merge(self, update: bytes) -> None:
        inner = self._inner
        try:
            if self._transaction is not None:
                inner.apply_update(self._transaction, update)
                return
            transaction = inner.create_transaction()
            try:
                inner.apply_update(transaction, update)
            finally:
                transaction.drop()
        except BaseException as err:
            raise translate_error(err, "The update was refused:") from err

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Merge all updates that are applied within it in one transaction.

        At the end of each transaction the library joins adjacent structs, which copies whole texts.
        """
        with engine_errors("The updates were refused:"):
            self._transaction = self._inner.create_transaction()
        try:
            yield
        except BaseException:
            # The first error counts; the document is unusable after it.
            with suppress(EngineBrokenError, UpdateRejectedError):
                self._end_batch()
            raise
        self._end_batch()

    def _end_batch(self) -> None:
        transaction, self._transaction = self._transaction, None
        with engine_errors("The updates were refused:"):
            transaction.drop()

    def encode(self, vector: bytes | None = None) -> bytes:
        """Return the whole state, or the state beyond ``vector``, as one update."""
        with engine_errors("The version vector was refused:"):
            return self._doc.get_update(EMPTY_VECTOR if vector is None else vector)

    def state_vector(self) -> bytes:
        """Return the encoded version vector."""
        with engine_errors("The document was refused:"):
            return self._doc.get_state()

    def text(self) -> str:
        """Return the plain text of the document's content."""
        with engine_errors("The document was refused:"):
            return document_text(self._doc)

    def opening(self, max_chars: int) -> str:
        """Return the first lines of the document's content."""
        with engine_errors("The document was refused:"):
            return document_opening(self._doc, max_chars=max_chars)

    def reading(self) -> Reading:
        """Return what readers see, in a form that can be compared."""
        with engine_errors("The document was refused:"):
            return document_reading(self._doc)

    def close(self) -> None:
        """Free the memory."""
        del self._inner, self._doc


class PycrdtEngine:
    """The engine of pycrdt."""

    name = "pycrdt"
    thread_bound = False

    def new_document(self) -> EngineDocument:
        """Return an empty document."""
        return PycrdtDocument()

    def merge(self, updates: Sequence[bytes]) -> bytes:
        """Return one update with the content of all ``updates``."""
        with engine_errors("An update was refused:"):
            return pycrdt.merge_updates(*updates)

    def vector_of(self, state: bytes) -> bytes:
        """Return the encoded version vector of a whole state."""
        with engine_errors("The state was refused:"):
            return pycrdt.get_state(state)


def create_engine() -> PycrdtEngine:
    """Return the engine; called by ``apps.crdt.engine.base.get_engine``."""
    return PycrdtEngine()
