"""Authors for tests of live documents, and the updates that they submit."""

from dataclasses import dataclass, field
from typing import Any

import pycrdt

from apps.collab.submission import Submission
from apps.core.errors import AppError
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import Vector
from apps.crdt.engine.base import EngineBrokenError, EngineDocument


@dataclass(eq=False)
class Author:
    """Records the answers to the operations of one author."""

    user_id: str = "1"
    request_id: str | None = None
    can_wait: bool = True
    may_write: bool = True
    refusal: AppError | None = None
    persisted: list[tuple[str, int]] = field(default_factory=list)
    duplicates: list[tuple[str, int]] = field(default_factory=list)
    rejected: list[tuple[str | None, AppError]] = field(default_factory=list)
    missing: list[Vector] = field(default_factory=list)

    def on_persisted(self, unique_id: str, seq: int) -> None:
        """Record an operation that is persisted."""
        self.persisted.append((unique_id, seq))

    def on_duplicate(self, unique_id: str, seq: int) -> None:
        """Record an operation that is a duplicate."""
        self.duplicates.append((unique_id, seq))

    def on_rejected(self, unique_id: str | None, error: AppError) -> None:
        """Record an operation that is rejected."""
        self.rejected.append((unique_id, error))

    def on_missing(self, vector: Vector) -> None:
        """Record a request for missing operations."""
        self.missing.append(dict(vector))


class Writer:
    """A client's document that returns the update of each edit; ``client_id`` is random if None.

    The client ids decide the order of two edits at one position.
    """

    def __init__(self, client_id: int | None = None) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id)
        self.content: pycrdt.Text = self.doc.get("content", type=pycrdt.Text)

    def write(self, text: str) -> bytes:
        """Append text; return the update."""
        before = self.doc.get_state()
        self.content += text
        return self.doc.get_update(before)

    def erase(self, start: int, end: int) -> bytes:
        """Delete a range; return the update, of the deletion alone."""
        before = self.doc.get_state()
        del self.content[start:end]
        return self.doc.get_update(before)


class Breaking:
    """An engine's document that raises at one update, as yrs does at a panic."""

    def __init__(self, document: EngineDocument, culprit: bytes) -> None:
        self._document = document
        self._culprit = culprit

    def apply(self, update: bytes, *, brings_structs: bool | None = None) -> bool:
        """Raise at the one update; merge any other."""
        if update == self._culprit:
            raise EngineBrokenError("panic")
        return self._document.apply(update, brings_structs=brings_structs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._document, name)


class Noting:
    """An engine's document that records the calls for each update."""

    def __init__(self, document: EngineDocument) -> None:
        self._document = document
        self.calls: list[bool | None] = []

    def apply(self, update: bytes, *, brings_structs: bool | None = None) -> bool:
        """Record the call, then merge."""
        self.calls.append(brings_structs)
        return self._document.apply(update, brings_structs=brings_structs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._document, name)


def submission(update: bytes, author: Author, unique_id: str | None = None) -> Submission:
    """Return an update as the frame handler submits it."""
    return Submission(update, read_update(update), author, unique_id)


def text_of(engine: EngineDocument) -> str:
    """Return the root text ``content`` of a document."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    content = doc.get("content", type=pycrdt.Text)
    doc.apply_update(engine.encode())
    return str(content)
