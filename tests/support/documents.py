"""Stored *documents* entities, for tests of apps below the REST API."""

from datetime import datetime

from apps.core import clock, ids
from apps.documents.models import Document

#: No person has it: documents stay in MongoDB, and the first person of a lane has the id 1.
NOBODY = 0


def make_document(document_id: str, *, updated_at: datetime | None = None) -> None:
    """Store the *documents* entity of a document whose log a test writes."""
    now = updated_at or clock.now()
    Document(
        id=document_id,
        title="T",
        title_folded="t",
        owner_id=NOBODY,
        created_at=now,
        updated_at=now,
        lineage=ids.new_id(),
    ).save()
