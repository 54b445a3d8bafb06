"""How far the workers are: per document and in sum."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from apps.core import clock
from apps.documents.models import Document
from apps.history.selectors import latest_seq
from apps.pipeline.models import processed_rows


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


def processed_seqs(document_ids: list[str]) -> dict[str, int]:
    """Return the last processed seq of each document that has one."""
    rows = processed_rows().find({"_id": {"$in": document_ids}}, {"seq": 1})
    return {row["_id"]: row["seq"] for row in rows}


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
    """Return ``(document id, head)`` of documents whose last edit is that old and unprocessed.

    Looks at the documents edited within the last day; an older one is found when it is edited.
    """
    now = clock.now()
    documents = (
        Document.objects(
            updated_at__lt=now - timedelta(seconds=older_than_s),
            updated_at__gt=now - timedelta(days=1),
            seq__gt=0,
        )
        .only("id", "seq")
        .order_by("-updated_at")
    )
    behind: list[tuple[str, int]] = []
    for chunk in _chunks(documents):
        processed = processed_seqs([document.id for document in chunk])
        behind += [
            (document.id, document.seq)
            for document in chunk
            if processed.get(document.id, 0) < document.seq
        ]
        if len(behind) >= limit:
            break
    return behind[:limit]


def _chunks(documents: "object", size: int = 200) -> Iterator[list[Document]]:
    chunk: list[Document] = []
    for document in documents:  # type: ignore[attr-defined]
        chunk.append(document)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
