"""The excerpt of a document: the first words of its text, as the list of documents shows them.

The worker stores it with a snapshot, from the log and without a check of rights, as heads
are stored (``documents.heads``). A list reads no document. An excerpt that is older than the head
may have words that were deleted since: a reader who may not see the history does not get it.
"""

from typing import Final

from apps.accounts.roles import Abilities
from apps.documents.models import Document, document_rows
from apps.documents.titles import line_clean

#: Characters of an excerpt at most: more than a row of the list has room for.
EXCERPT_MAX_CHARS: Final = 160


def excerpt_set(*, document_id: str, seq: int, text: str) -> None:
    """Store the first lines of the text after operation ``seq``, shortened.

    A newer excerpt is kept: a worker may be late, and another one have the document since.
    """
    # The second condition is that of a row from before excerpts. Not both at once: no ``$or``.
    for condition in ({"$lte": seq}, None):
        found = {"_id": document_id, "excerpt_seq": condition}
        if document_rows().update_one(found, _change(seq, text)).matched_count:
            return


def excerpt_rebuild(*, document_id: str, seq: int, text: str) -> None:
    """Store the excerpt of a replay that ends at ``seq``, unless the head is another one by now.

    It replaces a newer excerpt too, which a head that was ahead of its log may have left.
    """
    document_rows().update_one({"_id": document_id, "seq": seq}, _change(seq, text))


def documents_without_excerpt(*, limit: int) -> list[str]:
    """Return the ids of documents with a log from before excerpts, at most so many.

    Reads all rows of *documents* where there are fewer.
    """
    missing = {"excerpt_seq": None, "seq": {"$gt": 0}}
    return [row["_id"] for row in document_rows().find(missing, {"_id": 1}).limit(limit)]


def _change(seq: int, text: str) -> dict[str, dict[str, str | int]]:
    return {"$set": {"excerpt": excerpt_of(text), "excerpt_seq": seq}}


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
