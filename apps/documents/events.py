"""Events of documents, for the upper apps (docs/architecture.md, Layers)."""

from dataclasses import dataclass

from apps.accounts.models import User
from apps.core.events import Event
from apps.documents.models import Document


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """A document after a change, and the user who made it; ``old_title`` after a rename."""

    document: Document
    user: User
    old_title: str = ""


#: The document and its owner's permission exist (docs/system-flow.md, §2). An error of a
#: subscriber undoes the creation.
document_created: Event[DocumentChange] = Event("document_created")
#: A creation failed after ``document_created`` was published: undo its effects.
document_discarded: Event[DocumentChange] = Event("document_discarded")
document_renamed: Event[DocumentChange] = Event("document_renamed")
document_trashed: Event[DocumentChange] = Event("document_trashed")
document_untrashed: Event[DocumentChange] = Event("document_restored")
