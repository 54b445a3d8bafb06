"""Selects the documents of an operator's command: one, all, or a random sample."""

import secrets
from collections.abc import Iterable, Iterator

from apps.documents.heads import head_find
from apps.documents.selectors import DocumentNotFoundError, document_ids
from apps.oplog.compaction_point import compaction_point_find
from apps.oplog.selectors import head_seq, logs_begun


def stored_check(document_id: str) -> None:
    """Raise ``DocumentNotFoundError`` unless the document, or rows of its log, exist."""
    if (
        head_find(document_id=document_id) is None
        and not head_seq(document_id=document_id)
        and compaction_point_find(document_id=document_id) is None
    ):
        raise DocumentNotFoundError(f"There is no document {document_id}.")


def documents_chosen(*, sample: int | None = None) -> Iterable[str]:
    """Return the ids of all documents, or of a random sample.

    All documents include logs without a document: an import that was killed, a lost row.
    """
    if sample is None:
        return _all_ids()
    chosen: list[str] = []
    for count, document_id in enumerate(document_ids(), start=1):
        if len(chosen) < sample:
            chosen.append(document_id)
        elif (index := secrets.randbelow(count)) < sample:
            chosen[index] = document_id
    return chosen


def _all_ids() -> Iterator[str]:
    yield from document_ids()
    for document_id in logs_begun():
        if head_find(document_id=document_id) is None:
            yield document_id
