"""How far the workers are, per document and in sum; and which documents there are to look at."""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.core import clock
from apps.core.mongo import equal
from apps.documents.heads import head_find
from apps.documents.models import Document
from apps.documents.selectors import DocumentNotFoundError, document_ids
from apps.history.processed import processed_seqs
from apps.history.selectors import latest_seq
from apps.oplog.base import base_find
from apps.oplog.models import operation_rows
from apps.oplog.selectors import head_seq, logs_begun


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

    Also of those that are being edited all the time while Kafka is away (§8). Looks at the
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


def stored_check(document_id: str) -> None:
    """Raise ``DocumentNotFoundError`` unless there is a document, or what is left of one."""
    if (
        head_find(document_id=document_id) is None
        and not head_seq(document_id=document_id)
        and base_find(document_id=document_id) is None
    ):
        raise DocumentNotFoundError(f"There is no document {document_id}.")


def documents_chosen(*, sample: int | None = None) -> Iterable[str]:
    """Return the ids of all documents, or of so many at random.

    Of all: also of what has a log and is no document (an import that was killed, a lost row).
    """
    if sample is None:
        return _all_ids()
    chosen: list[str] = []
    for count, document_id in enumerate(document_ids(), start=1):
        if len(chosen) < sample:
            chosen.append(document_id)
        elif (place := secrets.randbelow(count)) < sample:
            chosen[place] = document_id
    return chosen


def _all_ids() -> Iterator[str]:
    yield from document_ids()
    for document_id in logs_begun():
        if head_find(document_id=document_id) is None:
            yield document_id


def _chunks(documents: "object", size: int = 200) -> Iterator[list[Document]]:
    chunk: list[Document] = []
    for document in documents:  # type: ignore[attr-defined]
        chunk.append(document)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
