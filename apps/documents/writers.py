"""The last writers of a document: who changed it, and when, as the list of documents shows it.

The entity has ``SLOTS`` slots; an author's is the account id modulo their number. So each write
sets one field with what it knows already: it reads nothing, and the entity does not grow with the
number of writers. Two writers of one slot replace each other, which costs a face in the list; the
log still has both. Accounts that were created one after the other have different slots.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from apps.core.mongo_datetime import datetime_read, datetime_text

#: Most writers that a document remembers.
SLOTS = 32


@dataclass(frozen=True, slots=True)
class Writer:
    """A person, as the id of an author of operations, and the time of the person's last change."""

    author_id: str
    at: datetime


def writers_set(writers: Iterable[Writer]) -> dict[str, dict[str, str]]:
    """Return the fields of *documents* to set for writers, in order of time.

    An author that is no account's id (a test's) has none.
    """
    return {
        f"writers.{_slot(writer.author_id)}": {
            "id": writer.author_id,
            "at": datetime_text(writer.at),
        }
        for writer in writers
        if writer.author_id.isdecimal()
    }


def writers_read(stored: Mapping[str, Mapping[str, str]] | None) -> list[Writer]:
    """Return the writers of a document, the last one first."""
    writers = [Writer(slot["id"], datetime_read(slot["at"])) for slot in (stored or {}).values()]
    return sorted(writers, key=lambda writer: (writer.at, writer.author_id), reverse=True)


def _slot(author_id: str) -> str:
    return f"s{int(author_id) % SLOTS}"
