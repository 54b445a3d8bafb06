"""Operations of a made-up document, for tests of apps below the rooms."""

from datetime import datetime
from typing import Any

import pycrdt

from apps.core import clock, ids
from apps.oplog.operation import Operation


class Scribe:
    """Writes a document operation by operation, with seqs as a room would assign them."""

    def __init__(self, document_id: str | None = None, *, author_id: str = "1") -> None:
        self.document_id = document_id or ids.new_id()
        self.author_id = author_id
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self.content: pycrdt.Text = self.doc.get("content", type=pycrdt.Text)
        self.seq = 0

    @property
    def text(self) -> str:
        """Return the document's text."""
        return str(self.content)

    def write(
        self, text: str, *, unique_id: str | None = None, at: datetime | None = None
    ) -> Operation:
        """Append text; return the operation, received now or ``at``."""
        before = self.doc.get_state()
        self.content += text
        return self._logged(before, unique_id, at)

    def write_paragraph(self, text: str) -> Operation:
        """Append a paragraph to the content that the page shows; return the operation."""
        before = self.doc.get_state()
        root = self.doc.get("default", type=pycrdt.XmlFragment)
        root.children.append(pycrdt.XmlElement("paragraph", contents=[pycrdt.XmlText(text)]))
        return self._logged(before, None, None)

    def erase(self, start: int, end: int) -> Operation:
        """Delete a range of bytes; return the operation."""
        before = self.doc.get_state()
        del self.content[start:end]
        return self._logged(before, None, None)

    def _logged(self, before: bytes, unique_id: str | None, at: datetime | None) -> Operation:
        self.seq += 1
        return Operation(
            document_id=self.document_id,
            seq=self.seq,
            unique_id=unique_id or ids.new_id(),
            author_id=self.author_id,
            received_at=at or clock.now(),
            version_vector=self.doc.get_state(),
            update=self.doc.get_update(before),
        )

    def write_many(self, count: int, *, at: datetime | None = None) -> list[Operation]:
        """Append a number of short texts."""
        return [self.write(f"{number} ", at=at) for number in range(count)]
