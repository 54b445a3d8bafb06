"""How large one document may become: in bytes, and in client ids. Pure."""

from typing import Final

from apps.collab.batch import Batch
from apps.collab.limits import Limits
from apps.collab.submission import Submission
from apps.core.errors import LimitExceededError
from apps.crdt.codec.update_reader import UpdateHeader
from apps.history.loaded_document import LoadedDocument

#: Bytes that deletions alone may add to a full document: without them nobody could make room.
DELETIONS_BYTES: Final = 256 * 1024
#: Time between two measurements of a full document, in seconds: each encodes it.
MEASURE_INTERVAL_S: Final = 1.0


class DocumentBounds:
    """The bounds of one document; its size is ``loaded.size_bytes``."""

    def __init__(self, loaded: LoadedDocument, limits: Limits) -> None:
        self._loaded = loaded
        self._limits = limits
        #: When a full document may be measured again, as a monotonic time in seconds, and whether
        #: something was deleted since.
        self._measure_at = 0.0
        self._may_be_smaller = False

    def grow(self, header: UpdateHeader) -> None:
        """Count an update that has been merged."""
        self._loaded.size_bytes += header.size
        if header.deletes:
            self._may_be_smaller = True

    def refuses_size(self, submission: Submission, at: float) -> bool:
        """Reject what would make the document too large; deletions alone may make room."""
        most = self._limits.document_bytes
        if not submission.header.ranges:
            most += DELETIONS_BYTES
        size_bytes = len(submission.update)
        if self._loaded.size_bytes + size_bytes <= most:
            return False
        if self._may_be_smaller and at >= self._measure_at:
            # The sizes of all updates were added up, and the engine forgets deleted content.
            self._measure_at, self._may_be_smaller = at + MEASURE_INTERVAL_S, False
            self._loaded.size_bytes = len(self._loaded.engine.encode())
            if self._loaded.size_bytes + size_bytes <= most:
                return False
        error = LimitExceededError(
            "The document is as large as a document may be. Delete something or begin another.",
            extra={"limit": "document_bytes", "value": self._limits.document_bytes},
        )
        submission.author.on_rejected(submission.unique_id, error)
        return True

    def refuses_clients(self, submission: Submission, batch: Batch) -> bool:
        """Reject what would bring too many client ids."""
        known = len(self._loaded.vector) + len(batch.claimed)
        if known + len(submission.header.ranges) <= self._limits.document_clients:
            return False
        error = LimitExceededError(
            "The document has edits of too many page loads. Begin another.",
            extra={"limit": "document_clients", "value": self._limits.document_clients},
        )
        submission.author.on_rejected(submission.unique_id, error)
        return True
