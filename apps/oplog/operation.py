"""An operation: one entry of a document's log, as all apps use it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from apps.core.logs import operation_log


@dataclass(frozen=True, slots=True)
class Operation:
    """One logged edit of one document.

    ``seq`` is its position in the document's log (1, 2, 3 …), ``unique_id`` the name that its
    client gave it, ``update`` the Yjs v1 update as received, ``received_at`` aware UTC to the
    millisecond. ``version_vector`` is encoded as a state vector: at least the clients that the
    update touches, with their clocks in the document after it (operations of early releases have
    all clients). ``copies`` is the copy map that its author claims, mostly none (ADR 0016).
    ``request_id`` names its request or socket; it is logged, not stored.
    """

    document_id: str
    seq: int
    unique_id: str
    author_id: str
    received_at: datetime
    version_vector: bytes
    update: bytes
    copies: bytes = b""
    request_id: str | None = field(default=None, compare=False)

    def log(self, step: str) -> None:
        """Log that the operation reached a step; call only if ``operations_are_logged()``."""
        operation_log(
            step,
            document_id=self.document_id,
            unique_id=self.unique_id,
            seq=self.seq,
            request_id=self.request_id,
        )

    @property
    def size_bytes(self) -> int:
        """Return the size of its binary values."""
        return len(self.update) + len(self.version_vector) + len(self.copies)

    def to_row(self) -> dict[str, Any]:
        """Return the operation as a row of *crdt_operations*."""
        row = {
            "document_id": self.document_id,
            "seq": self.seq,
            "unique_id": self.unique_id,
            "author_id": self.author_id,
            "received_at": self.received_at,
            "version_vector": self.version_vector,
            "update": self.update,
        }
        if self.copies:
            row["copies"] = self.copies
        return row

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Self:
        """Read a row of *crdt_operations*."""
        return cls(
            document_id=row["document_id"],
            seq=row["seq"],
            unique_id=row["unique_id"],
            author_id=row["author_id"],
            received_at=row["received_at"],
            version_vector=bytes(row["version_vector"]),
            update=bytes(row["update"]),
            copies=bytes(row.get("copies", b"")),
        )
