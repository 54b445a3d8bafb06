"""The excerpt of a document: the first words of its text, as the list of documents shows them.

The worker stores it with a snapshot, so a list reads no document. It may be some seconds older than
the head of the log, and then have words that were deleted since: who may not see the history gets
it only while it is of the head.
"""

from typing import Final

from apps.accounts.roles import Abilities
from apps.documents.models import Document, document_rows
from apps.documents.titles import line_clean

#: Characters of an excerpt at most: more than a row of the list has room for.
EXCERPT_MAX_CHARS: Final = 160


def excerpt_set(*, document_id: str, seq: int, text: str) -> None:
    """Store the first lines of the text after operation ``seq``, shortened."""
    document_rows().update_one(
        {"_id": document_id}, {"$set": {"excerpt": excerpt_of(text), "excerpt_seq": seq}}
    )


def excerpt_of(text: str) -> str:
    """Return the first words of a text on one line; a word too many ends it before."""
    line = line_clean(text)
    if len(line) <= EXCERPT_MAX_CHARS:
        return line
    head = line[: EXCERPT_MAX_CHARS + 1]
    return head.rpartition(" ")[0] or head[:EXCERPT_MAX_CHARS]


def excerpt_shown(document: Document, abilities: Abilities) -> str:
    """Return the stored excerpt for a reader with these abilities; "" where there is none."""
    is_present = document.excerpt_seq == document.seq
    return str(document.excerpt or "") if is_present or abilities.look_at_history else ""
