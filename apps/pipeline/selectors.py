"""The progress of Kafka, the workers and the snapshots, per document."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.core import clock
from apps.documents.models import Document
from apps.documents.selectors import document_chunks, documents_edited_since
from apps.history.last_processed import processed_seqs
from apps.history.selectors import latest_seq
from apps.oplog.selectors import operation_received_at


@dataclass(frozen=True, slots=True)
class Status:
    """The last seq of a document: in its log, confirmed by Kafka, processed, in a snapshot."""

    document_id: str
    title: str
    head: int
    published: int
    processed: int
    snapshot: int

    @property
    def lag(self) -> int:
        """Return how many operations the workers have not processed."""
        return self.head - self.processed


def status_list(*, document_id: str | None = None) -> Iterator[Status]:
    """Yield the status of one document or of all, the most recently edited first."""
    for chunk in document_chunks(document_id=document_id):
        processed = processed_seqs([document.id for document in chunk])
        for document in chunk:
            yield Status(
                document_id=document.id,
                title=document.title,
                head=document.seq,
                published=document.published_seq,
                processed=processed.get(document.id, 0),
                snapshot=max(latest_seq(document_id=document.id), 0),
            )


def behind_find(*, older_than_s: float, limit: int) -> list[tuple[str, int]]:
    """Return ``(document id, head)`` of documents with an unprocessed operation of that age.

    Documents that are edited all the time while Kafka is unavailable are included
    (docs/system-flow.md, §8). Only documents edited within the last day are checked.
    """
    now = clock.now()
    horizon = now - timedelta(seconds=older_than_s)
    behind: list[tuple[str, int]] = []
    for chunk in documents_edited_since(now - timedelta(days=1)):
        processed = processed_seqs([document.id for document in chunk])
        behind += [
            (document.id, document.seq)
            for document in chunk
            if _has_waited_since(document, processed.get(document.id, 0), horizon)
        ]
        if len(behind) >= limit:
            break
    return behind[:limit]


def _has_waited_since(document: Document, processed: int, horizon: datetime) -> bool:
    """Return whether the document's first unprocessed operation was received before ``horizon``."""
    if processed >= document.seq:
        return False
    received_at = operation_received_at(document_id=document.id, seq=processed + 1)
    return received_at is None or received_at < horizon
