"""Decides whose client ids an edit may use, and whether it repeats what it claims to repeat. Pure.

A client id belongs to the person who brought it into the log first; one that the log does not have,
to the person who announces it in presence (docs/invariants.md, 12; ADR 0014). Without that, an
editor could use the clocks that another person's page writes next: the engine ignores the second
content at a clock.
"""

from collections.abc import Callable
from typing import Final

from apps.collab.close_codes import OutdatedCopyError
from apps.collab.limits import Limits
from apps.collab.read_budget import ReadBudget, sync_price
from apps.collab.submission import Submission
from apps.core.errors import ConflictError, TransientError
from apps.crdt.analysis.known_content import (
    RepeatsTooMuchError,
    is_contradicted,
    repeated_vector,
)
from apps.crdt.codec.update_reader import UpdateHeader
from apps.crdt.codec.vectors import (
    Clocks,
    GrowingVector,
    encode_vector,
    whole_vector,
)
from apps.history.client_owners import ClientOwners
from apps.history.loaded_document import LoadedDocument
from apps.history.unmerged_document import state_is_whole

#: Returns the person who announces a client id in presence, None where nobody does.
AnnouncedBy = Callable[[int], str | None]

#: What an edit's structs are, as bits: some are new, some are known, some are new of a client id
#: that does not belong to their author yet.
BRINGS: Final = 1
REPEATS: Final = 2
CLAIMS: Final = 4


class ForeignClientError(ConflictError):
    """The edit has new structs of a client id that belongs to another person."""

    code = "foreign_client"


class ContentConflictError(OutdatedCopyError):
    """The edit has other content at clocks that the document has already."""

    code = "content_conflict"


class ClientGuard:
    """The client ids of one document.

    ``owners`` is that of the log, and only read here. A keystroke costs one look-up. While
    ``accepts_relays`` returns true, the pages bring back what a restore of an older backup has
    lost, each of them the edits of all.
    """

    def __init__(
        self,
        owners: ClientOwners,
        *,
        announced_by: AnnouncedBy,
        accepts_relays: Callable[[], bool],
        limits: Limits,
    ) -> None:
        self._owners = owners
        self._announced_by = announced_by
        self._accepts_relays = accepts_relays
        self._budget = ReadBudget(limits.read_budget, limits.read_budget_per_s, at=0.0)

    def check(
        self, header: UpdateHeader, user_id: str, known: Clocks, claimed: ClientOwners
    ) -> int:
        """Return ``BRINGS``, ``REPEATS`` and ``CLAIMS`` of an edit's structs.

        ``claimed`` has the owners of the client ids that earlier edits of the batch bring, where
        they differ from ``owners``. Raises ``ForeignClientError``.
        """
        bits = 0
        owners = self._owners
        for client, runs in header.ranges.items():
            clock = known.get(client, 0)
            if runs[0][0] < clock:
                bits |= REPEATS
            if runs[-1][1] <= clock:
                continue
            bits |= BRINGS
            if client in owners and owners[client] == user_id:
                continue
            bits |= CLAIMS
            owner = owners.get(client, claimed.get(client))
            if owner is None:
                owner = self._announced_by(client)
            if owner is not None and owner != user_id and not self._accepts_relays():
                raise _foreign(client)
        return bits

    def check_repeats(
        self,
        submission: Submission,
        loaded: LoadedDocument,
        vector: GrowingVector,
        claimed: ClientOwners,
        *,
        at: float,
    ) -> None:
        """Check the structs of an edit that the document has: they must be the same.

        A client that is told "persisted" has to find its content there, so of another owner's
        client id the content may not even be deleted. ``vector`` is the version vector of
        ``loaded``, ``claimed`` as in ``check``, ``at`` a monotonic time in seconds. Raises
        ``ForeignClientError``, ``ContentConflictError``, ``RepeatsTooMuchError``, and
        ``TransientError`` where the document was read too often lately, or where a stock client
        repeats too much, and as ``state_is_whole`` does.
        """
        if not self._budget.spend(sync_price(loaded.size_bytes), at=at):
            raise TransientError("Too many edits repeat what is stored. Connect again.")
        update, header, known = submission.update, submission.header, whole_vector(vector)
        repeated = repeated_vector(header, known)
        foreign: list[int] = []
        if submission.unique_id is not None:
            user_id = submission.author.user_id
            foreign = [
                client
                for client in repeated
                if claimed.get(client, self._owners.get(client, user_id)) != user_id
            ]
        stored = loaded.engine.encode(encode_vector({**known, **repeated}))
        try:
            if not is_contradicted(update, header, known, stored, foreign=foreign):
                return
        except RepeatsTooMuchError as err:
            if submission.unique_id is not None:
                raise
            # A stock client gives up at a limit. Connected again, it has nothing to repeat.
            raise TransientError(err.message) from err
        if foreign:
            raise _foreign(min(foreign))
        if state_is_whole(loaded.engine.encode(), known):
            raise ContentConflictError(
                "The edit has other content for ids that are stored already. Use a new client id."
            )
        # Otherwise the engine's clocks are wrong here, and the log's are not (ADR 0001).


def _foreign(client: int) -> ForeignClientError:
    return ForeignClientError(
        "The edit uses the client id of another person. Use a new client id.",
        extra={"client": client},
    )
