"""Events of edits that the server makes, for the upper apps (docs/architecture.md, Layers)."""

from dataclasses import dataclass

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class DocumentRestored:
    """``user_id`` restored a document, or a part of it, to its state after operation ``seq``.

    ``number`` is that of the version, None for a state without one; ``operation_seq`` is the seq
    of the edit.
    """

    document_id: str
    user_id: str
    seq: int
    number: int | None
    operation_seq: int
    is_part: bool = False


#: Published after the edit is logged: an error of a subscriber undoes nothing.
document_restored: Event[DocumentRestored] = Event("document_taken_back")


@dataclass(frozen=True, slots=True)
class AuthorUndone:
    """``user_id`` undid the edits of ``author_id`` after operation ``after_seq``.

    ``operation_seq`` is the seq of the edit.
    """

    document_id: str
    user_id: str
    author_id: str
    after_seq: int
    operation_seq: int


#: Published after the edit is logged: an error of a subscriber undoes nothing.
author_undone: Event[AuthorUndone] = Event("author_undone")
