"""Events of edits that the server makes, for the apps above."""

from dataclasses import dataclass

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class DocumentRestored:
    """A document, or a part of it, is again what it was after operation ``seq``, by ``user_id``.

    ``number`` is that of the version, None for a moment that is none; ``operation_seq`` that of the
    edit that did it.
    """

    document_id: str
    user_id: str
    seq: int
    number: int | None
    operation_seq: int
    is_part: bool = False


#: In the log already: what a subscriber raises undoes nothing.
document_restored: Event[DocumentRestored] = Event("document_taken_back")


@dataclass(frozen=True, slots=True)
class AuthorUndone:
    """What ``author_id`` did after operation ``after_seq`` was taken back, by ``user_id``.

    ``operation_seq`` is that of the edit that did it.
    """

    document_id: str
    user_id: str
    author_id: str
    after_seq: int
    operation_seq: int


#: In the log already: what a subscriber raises undoes nothing.
author_undone: Event[AuthorUndone] = Event("author_undone")
