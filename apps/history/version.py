"""A version: one row of *document_versions*, for integrity checks, repair and export."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it is stored; ``blob`` is its encoded snapshot, sound or not."""

    document_id: str
    number: int
    seq: int
    name: str
    automatic: bool
    created_at: datetime
    author_ids: tuple[str, ...]
    version_vector: bytes
    blob: bytes
    #: Length of the state before compression, in bytes.
    size: int

    def to_row(self) -> dict[str, Any]:
        """Return the version as a row of *document_versions*."""
        return {
            "document_id": self.document_id,
            "number": self.number,
            "seq": self.seq,
            "name": self.name,
            "automatic": self.automatic,
            "created_at": self.created_at,
            "author_ids": list(self.author_ids),
            "version_vector": self.version_vector,
            "snapshot": self.blob,
            "size": self.size,
        }

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Self:
        """Read a row; a missing blob or vector is read as empty bytes, which fail every check."""
        return cls(
            document_id=row["document_id"],
            number=row["number"],
            seq=row["seq"],
            name=row["name"],
            automatic=row["automatic"],
            created_at=row["created_at"],
            author_ids=tuple(row["author_ids"]),
            version_vector=bytes(row.get("version_vector") or b""),
            blob=bytes(row.get("snapshot") or b""),
            size=row["size"],
        )
