"""How many sockets of one person a server has open: in all, and on each document. Pure.

Without a share one account fills the rooms and the memory of a server, and keeps out everybody else
(``sessions_per_room`` counts all of them alike).
"""

from collections import Counter
from typing import Any

from apps.collab.limits import Limits
from apps.core.errors import TransientError


class TooManySessionsError(TransientError):
    """One person has as many sockets open as one person may."""

    code = "too_many_sessions"


class SessionShares:
    """The open sockets of each person on one server."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._of_person: Counter[str] = Counter()
        self._on_document: Counter[tuple[str, str]] = Counter()

    def open(self, *, user_id: str, document_id: str) -> None:
        """Count a socket, until ``close``. Raises ``TooManySessionsError`` and counts nothing."""
        self._check("sessions_per_person", self._of_person[user_id], "on this server")
        on_document = self._on_document[user_id, document_id]
        self._check("sessions_per_person_in_room", on_document, "to this document")
        self._of_person[user_id] += 1
        self._on_document[user_id, document_id] += 1

    def close(self, *, user_id: str, document_id: str) -> None:
        """Count a socket as closed."""
        _decrement(self._of_person, user_id)
        _decrement(self._on_document, (user_id, document_id))

    def _check(self, limit: str, count: int, place: str) -> None:
        value = getattr(self._limits, limit)
        if count >= value:
            raise TooManySessionsError(
                f"You have {count} connections open {place}. Close other tabs, then connect again.",
                extra={"limit": limit, "value": value},
            )


def _decrement(counter: Counter[Any], key: Any) -> None:
    """Count one less; a key without a count leaves no trace."""
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
