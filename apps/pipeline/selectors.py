"""How far the workers are, per document and in sum."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.core import clock
from apps.core.mongo import equal
from apps.documents.models import Document
from apps.history.last_processed import processed_seqs
from apps.history.selectors import latest_seq
from apps.oplog.models import operation_rows


@dataclass(frozen=True, slots=True)
class Status:
    """A document's head, the last seq that Kafka confirmed, was processed, was snapshotted."""

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
    """Yield the status of one document or of all, the last edited first."""
    documents = Document.objects.only("id", "title", "seq", "published_seq").order_by("-updated_at")
    if document_id is not None:
        documents = documents.filter(id=document_id)
    for chunk in _chunks(documents):
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
    """Return ``(document id, head)`` of documents with an unprocessed operation that is that old.

    Also of those edited all the time while Kafka is away (docs/system-flow.md, §8). Looks at the
    documents edited within the last day; an older one is found when it is edited.
    """
    now = clock.now()
    horizon = now - timedelta(seconds=older_than_s)
    documents = (
        Document.objects(updated_at__gt=now - timedelta(days=1), seq__gt=0)
        .only("id", "seq")
        .order_by("-updated_at")
    )
    behind: list[tuple[str, int]] = []
    for chunk in _chunks(documents):
        processed = processed_seqs([document.id for document in chunk])
        behind += [
            (document.id, document.seq)
            for document in chunk
            if _waits_since(document, processed.get(document.id, 0), horizon)
        ]
        if len(behind) >= limit:
            break
    return behind[:limit]


def _waits_since(document: Document, processed: int, horizon: datetime) -> bool:
    """Tell whether the document's first unprocessed operation came before ``horizon``."""
    if processed >= document.seq:
        return False
    first = operation_rows().find_one(
        {"document_id": equal(document.id), "seq": equal(processed + 1)}, {"received_at": 1}
    )
    return first is None or first["received_at"] < horizon


def _chunks(documents: "object", size: int = 200) -> Iterator[list[Document]]:
    chunk: list[Document] = []
    for document in documents:  # type: ignore[attr-defined]
        chunk.append(document)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
