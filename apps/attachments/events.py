"""Events of files of documents, for the upper apps (docs/architecture.md, Layers)."""

from dataclasses import dataclass
from typing import Self

from apps.attachments.selectors import StoredAttachment
from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class AttachmentChange:
    """A file of a document, and the person who attached it; None for the retention."""

    document_id: str
    user_id: int | None
    file_id: str
    name: str
    size: int

    @classmethod
    def of(cls, attachment: StoredAttachment, *, user_id: int | None) -> Self:
        """Return the change of a file."""
        return cls(attachment.document_id, user_id, attachment.id, attachment.name, attachment.size)


attachment_added: Event[AttachmentChange] = Event("attachment_added")
attachment_freed: Event[AttachmentChange] = Event("attachment_freed")
