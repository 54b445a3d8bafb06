"""Reacts to events of documents (docs/architecture.md, Layers)."""

from apps.attachments.services import attachments_delete
from apps.documents import events
from apps.documents.events import DocumentChange


def subscribe() -> None:
    """Subscribe to discarded documents."""
    events.document_discarded.subscribe(on_discarded)


def on_discarded(change: DocumentChange) -> None:
    """Detach the files of a creation that failed."""
    attachments_delete(document_id=change.document.id)
