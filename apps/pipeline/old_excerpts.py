"""Excerpts of documents from before there were any: they would come with the next edit alone."""

import logging

from apps.core.errors import AppError
from apps.documents.excerpts import EXCERPT_MAX_CHARS, documents_without_excerpt, excerpt_set
from apps.history.crash_notes import work_noted
from apps.history.recovery import document_load

logger = logging.getLogger(__name__)


def excerpts_add(*, limit: int) -> int:
    """Store the missing excerpts of so many documents at most; return how many were stored.

    A document that cannot be loaded keeps an empty one until its next edit, so that no run tries it
    again.
    """
    document_ids = documents_without_excerpt(limit=limit)
    for document_id in document_ids:
        excerpt_set(document_id=document_id, seq=0, text="")
        try:
            loaded = document_load(document_id=document_id)
        except AppError as err:
            logger.error("no excerpt of document %s: %s", document_id, err.message)
            continue
        try:
            with work_noted(document_id):
                text = loaded.engine.opening(EXCERPT_MAX_CHARS)
            excerpt_set(document_id=document_id, seq=loaded.seq, text=text)
        finally:
            loaded.engine.close()
    return len(document_ids)
