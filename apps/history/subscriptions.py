"""Subscriptions to events of documents (docs/architecture.md, Layers)."""

from apps.documents import events
from apps.documents.events import DocumentChange
from apps.history.services import version_create_initial, versions_delete


def subscribe() -> None:
    """Subscribe to created and discarded documents."""
    events.document_created.subscribe(on_created)
    events.document_discarded.subscribe(on_discarded)


def on_created(change: DocumentChange) -> None:
    """Store the initial version (docs/system-flow.md, §2); an error rolls the creation back."""
    version_create_initial(document_id=change.document.id, author_id=str(change.user.pk))


def on_discarded(change: DocumentChange) -> None:
    """Delete the versions of a creation that failed."""
    versions_delete(document_id=change.document.id)
