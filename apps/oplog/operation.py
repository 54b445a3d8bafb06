"""One entry of a document's log, as every room of the house hands it around."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from apps.core.logs import operation_log


@dataclass(frozen=True, slots=True)
class Operation:
    """One logged edit of one document.

    ``seq`` is its place in the document's order (1, 2, 3 …), ``unique_id`` its author's name for
    it, ``version_vector`` the encoded state vector of the document after it, ``update`` the Yjs
    v1 update as it came in, ``received_at`` aware UTC to the millisecond. ``request_id`` names the
    request or socket that brought it; it goes into logs, and is not stored.
    """

    document_id: str
    seq: int
    unique_id: str
    author_id: str
    received_at: datetime
    version_vector: bytes
    update: bytes
    request_id: str | None = field(default=None, compare=False)

    def log(self, step: str) -> None:
        """Say that it has come to a step of its way; ask ``operations_are_logged`` before."""
        operation_log(
            step,
            document_id=self.document_id,
            unique_id=self.unique_id,
            seq=self.seq,
            request_id=self.request_id,
        )

    def to_row(self) -> dict[str, Any]:
        """Return the operation as a row of *crdt_operations*."""
        return {
            "document_id": self.document_id,
            "seq": self.seq,
            "unique_id": self.unique_id,
            "author_id": self.author_id,
            "received_at": self.received_at,
            "version_vector": self.version_vector,
            "update": self.update,
        }

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
        )
