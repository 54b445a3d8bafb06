"""The history policy of a document: the settings of its owners, else those of the server."""

from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings

from apps.accounts.models import User
from apps.core.errors import InvalidInputError
from apps.documents.models import Document
from apps.documents.services import HistoryChanges, document_history_set
from apps.history.retention import KeepPolicy

#: Longest wait of a log for its compaction, in days: a hundred years.
COMPACT_AFTER_MAX_DAYS = 36_600


class CompactAfterError(InvalidInputError):
    """A value that is no number of days from 0 to ``COMPACT_AFTER_MAX_DAYS``."""

    code = "compact_after_days"


@dataclass(frozen=True, slots=True)
class HistoryPolicy:
    """The retention of versions, and the age in days at which the log may be compacted.

    ``compact_after_days`` is 0 for a log that is never compacted.
    """

    keep: KeepPolicy
    compact_after_days: int

    def as_dict(self) -> dict[str, Any]:
        """Return the policy as JSON values."""
        return {"compact_after_days": self.compact_after_days, "keep": asdict(self.keep)}


def history_policy(document: Document) -> HistoryPolicy:
    """Return the policy of a document. Raises ``KeepError`` for invalid settings."""
    days = document.compact_after_days
    return HistoryPolicy(
        keep=KeepPolicy(**(document.keep or settings.VERSION_KEEP)),
        compact_after_days=settings.COMPACT_AFTER_DAYS if days is None else days,
    )


def history_changes_check(changes: HistoryChanges) -> None:
    """Raise ``KeepError`` or ``CompactAfterError`` for invalid changes."""
    if keep := changes.get("keep"):
        KeepPolicy(**keep)
    days = changes.get("compact_after_days")
    if days is not None and not 0 <= days <= COMPACT_AFTER_MAX_DAYS:
        raise CompactAfterError(
            f"Between 0 (never) and {COMPACT_AFTER_MAX_DAYS} days.",
            extra={"limit": "COMPACT_AFTER_MAX_DAYS", "value": COMPACT_AFTER_MAX_DAYS},
        )


def history_settings_change(*, user: User, document_id: str, changes: HistoryChanges) -> Document:
    """Check an owner's changes of the history settings, store them, and return the document.

    Raises as ``history_changes_check`` and ``document_history_set`` do.
    """
    history_changes_check(changes)
    return document_history_set(user=user, document_id=document_id, changes=changes)
