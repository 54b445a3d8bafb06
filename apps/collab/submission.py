"""An edit on its way into the log: a submission, then a draft of an operation. Pure."""

from dataclasses import dataclass, field
from typing import Final, Protocol

from apps.core.errors import AppError, ForbiddenError
from apps.crdt.codec.update_reader import UpdateHeader
from apps.crdt.codec.vectors import Vector
from apps.crdt.engine.placements import Placements

#: An update that is larger, in bytes, is surveyed in a thread. Threat: a check in the event loop.
SURVEY_IN_THREAD_BYTES: Final = 14 * 1024
#: What an update repeats of a larger document, in bytes, is compared in a thread: 50,000 structs of
#: it take 0.1 s, and those of the update the same. Threat: a check in the event loop.
COMPARE_IN_THREAD_BYTES: Final = 64 * 1024


class Author(Protocol):
    """The submitter of an edit; its methods report what becomes of the edit."""

    user_id: str
    #: The id of the request or socket that the edit came by, for the logs.
    request_id: str | None
    #: Whether an edit may wait for the operations that it needs.
    can_wait: bool
    #: Why no edit of this author is accepted any more: an earlier one used ids of others.
    refusal: AppError | None

    @property
    def may_write(self) -> bool:
        """Return whether the author has the right to write now."""

    def on_persisted(self, unique_id: str, seq: int) -> None:
        """Report that the operation is in the log on disk."""

    def on_duplicate(self, unique_id: str, seq: int) -> None:
        """Report that the operation was in the log already."""

    def on_rejected(self, unique_id: str | None, error: AppError) -> None:
        """Report that the edit was refused and that nothing of it is stored."""

    def on_missing(self, vector: Vector) -> None:
        """Ask for the operations that an edit needs; ``vector`` is the server's."""


@dataclass(slots=True, eq=False)
class Submission:
    """One update as it came; ``unique_id`` is None where the client sent none."""

    update: bytes
    header: UpdateHeader
    author: Author
    unique_id: str | None = None
    #: The copy map that its author claims (ADR 0016).
    copies: bytes = b""
    #: Time to decode it, in seconds, and its trace context (``apps.core.tracing``).
    receipt_s: float = 0.0
    origin: object = None
    #: Of a large update, surveyed in a thread: what it may cost, and why it is refused.
    placements: Placements | None = None
    refusal: AppError | None = None
    #: An item of it is between two ids that were never neighbours.
    has_non_neighbours: bool = False
    #: The seq of the document whose structs were compared with those that it repeats, in a thread.
    compared_seq: int = -1
    #: A child process has tried it.
    is_rehearsed: bool = False

    @property
    def is_surveyed(self) -> bool:
        """Return whether it is small, or has been surveyed."""
        return self.placements is not None or len(self.update) <= SURVEY_IN_THREAD_BYTES

    def is_still_allowed(self) -> bool:
        """Return whether the author of an edit that has waited may still write; else reject it."""
        if not self.author.may_write:
            error = ForbiddenError("You may read this document, not write in it.")
            self.author.on_rejected(self.unique_id, error)
            return False
        return True


@dataclass(slots=True, eq=False)
class Draft:
    """An operation that is merged and not yet durable.

    It holds one submission, or the coalesced submissions of a stock client.
    """

    unique_id: str
    submissions: list[Submission]
    #: Submissions with the same unique id that came while this one was on its way.
    repeats: list[Submission] = field(default_factory=list)
    update: bytes = b""
    version_vector: bytes = b""
    #: It has new structs of client ids that were not its author's yet.
    claims: bool = False
    #: The document already had all of it, so it may repeat a compacted operation.
    is_noop: bool = False

    @property
    def copies(self) -> bytes:
        """Return the copy map; only an edit with a unique id has one, and is not coalesced."""
        return self.submissions[0].copies

    @property
    def author(self) -> Author:
        """Return the author of the first submission."""
        return self.submissions[0].author

    @property
    def all_submissions(self) -> list[Submission]:
        """Return the submissions and their repeats."""
        return [*self.submissions, *self.repeats]
