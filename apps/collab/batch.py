"""A batch of edits while it is merged: its parts, its drafts, and what it brings. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from apps.collab.submission import Draft, Submission
from apps.core import ids
from apps.crdt.codec.vectors import GrowingVector, Vector, growing_vector
from apps.crdt.engine.causal_gate import advance, missing_clocks
from apps.history.client_owners import SHARED, ClientOwners

#: Edits, and bytes of their updates, that are merged at one turn of the event loop
#: (``fair_turns``): a third of a millisecond of short edits; and eight times as many while nobody
#: is served beside the turns. Threat: batches that delay other documents.
PART_EDITS: Final = 16
PART_BYTES: Final = 4 * 1024
UNSHARED_PARTS: Final = 8


@dataclass(slots=True)
class _Coalesced:
    """A draft of a stock client's updates within one batch, and the vector that it may build on."""

    draft: Draft
    reach: GrowingVector


class Batch:
    """The drafts of operations that follow a log with ``vector`` and the ``owners`` of its ids."""

    __slots__ = ("_coalesced", "_owners", "by_id", "claimed", "drafts", "vector")

    def __init__(self, vector: Vector, owners: ClientOwners) -> None:
        #: The vector after the drafts so far.
        self.vector = growing_vector(vector)
        self.drafts: list[Draft] = []
        self.by_id: dict[str, Draft] = {}
        #: The owners of the client ids that the batch brings first, or brings by a second person.
        self.claimed: ClientOwners = {}
        self._owners = owners
        self._coalesced: dict[int, _Coalesced] = {}

    def add(self, submission: Submission, *, is_noop: bool, claims: bool) -> None:
        """Add a submission as a draft, or coalesce it with the last one of a stock client.

        ``claims``: whether it has new structs of client ids that are not its author's yet.
        """
        if claims:
            self._claim(submission)
        advance(self.vector, submission.header)
        if submission.unique_id is not None:
            draft = Draft(submission.unique_id, [submission], claims=claims, is_noop=is_noop)
            self.by_id[draft.unique_id] = draft
            self.drafts.append(draft)
            return
        coalesced = self._coalesced.get(id(submission.author))
        if coalesced is None or missing_clocks(submission.header, coalesced.reach) is not None:
            draft = Draft(unique_id=ids.new_id(), submissions=[])
            self.drafts.append(draft)
            # The reach is the vector at the draft's first submission, plus the draft itself.
            # Operations in between are not in it, so coalescing never moves an edit before the
            # operations that it needs.
            coalesced = _Coalesced(draft, self.vector.copy())
            self._coalesced[id(submission.author)] = coalesced
        coalesced.draft.submissions.append(submission)
        coalesced.draft.claims = coalesced.draft.claims or claims
        advance(coalesced.reach, submission.header)

    def _claim(self, submission: Submission) -> None:
        """Note the client ids that a submission brings, for the next ones of the batch."""
        user_id, owners, claimed = submission.author.user_id, self._owners, self.claimed
        for client, runs in submission.header.ranges.items():
            owner = owners[client] if client in owners else claimed.setdefault(client, user_id)
            if owner != user_id and runs[-1][1] > self.vector.get(client, 0):
                claimed[client] = SHARED


def is_small(submissions: Sequence[Submission]) -> bool:
    """Return whether edits are few and short, as those that people type."""
    return (
        len(submissions) <= PART_EDITS
        and sum(len(submission.update) for submission in submissions) <= PART_BYTES
    )


def parts_of(submissions: Sequence[Submission], *, is_shared: bool) -> Iterator[list[Submission]]:
    """Yield edits in parts of ``PART_EDITS`` and about ``PART_BYTES``, in order.

    ``is_shared``: whether others are served beside the turns.
    """
    factor = 1 if is_shared else UNSHARED_PARTS
    part: list[Submission] = []
    size_bytes = 0
    for submission in submissions:
        part.append(submission)
        size_bytes += len(submission.update)
        if len(part) >= factor * PART_EDITS or size_bytes > factor * PART_BYTES:
            yield part
            part, size_bytes = [], 0
    if part:
        yield part
