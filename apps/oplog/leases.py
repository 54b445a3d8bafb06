"""The distributed lock on a log: owner, expiry, fencing token (docs/system-flow.md, §4).

A server keeps a lease between batches while edits keep coming, so the steady state costs no round
trip for it. The lock only keeps the losers of a race few; the unique index on (document, seq)
decides the race (docs/invariants.md, 2), so a paused owner that wakes up late harms nothing.

Who is refused leaves its name in the lease, and a holder that renews it hands it over to that one:
so nobody waits for a busy holder longer than half a lease, also where no message comes through.
"""

import enum
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pymongo.errors import DuplicateKeyError

from apps.oplog.models import lock_rows

#: How long a lease lasts without renewal, in seconds. Nobody waits longer for a dead owner.
LEASE_S = 10.0
#: How long a lease that was handed over waits for its new holder alone, in seconds.
TURN_S = 0.2


class Hold(enum.Enum):
    """What ``Leases.hold`` found."""

    HELD = "held"  #: it was ours already: nobody else has appended since
    FRESH = "fresh"  #: it is ours from now on: another server may have appended before
    TAKEN = "taken"  #: another server has it


@dataclass(slots=True)
class _Lease:
    fence: int
    expires_at: float


class Leases:
    """The leases of one process. Not thread-safe: one thread owns it.

    ``owner`` names the process as ``server:start``: a server that was started again takes over
    what it held before at once. ``now`` gives unix seconds. The clocks of the servers may differ
    by less than the lease without harm to speed, and by anything without harm to the log.
    """

    def __init__(
        self, owner: str, *, lease_s: float = LEASE_S, now: Callable[[], float] = time.time
    ) -> None:
        self.owner = owner
        self._server = owner.partition(":")[0]
        self._lease_s = lease_s
        self._now = now
        self._held: dict[str, _Lease] = {}

    def hold(self, document_id: str) -> Hold:
        """Take, renew or confirm the lease on a document.

        No round trip while more than half of the lease is left, one to renew it, two or three to
        take it. Raises ``PyMongoError`` when the store is away.
        """
        lease = self._held.get(document_id)
        if lease is not None:
            if lease.expires_at - self._now() > self._lease_s / 2:
                return Hold.HELD
            if self._renew(document_id, lease):
                return Hold.HELD
            del self._held[document_id]
            self._hand_over(document_id, lease)
        return self._take(document_id)

    def holds(self, document_id: str) -> bool:
        """Tell whether this process took the lease and has not given it up; no round trip."""
        return document_id in self._held

    def release(self, document_ids: Iterable[str]) -> None:
        """Give leases up at once, so that another server need not wait for their expiry."""
        for document_id in document_ids:
            lease = self._held.pop(document_id, None)
            if lease is not None:
                lock_rows().update_one(
                    {"_id": document_id, "owner": self.owner, "fence": lease.fence},
                    {"$set": {"expires_at": 0.0}},
                )

    def release_all(self) -> None:
        """Give up everything held; for the end of the process."""
        self.release(list(self._held))

    def _renew(self, document_id: str, lease: _Lease) -> bool:
        """Make the lease last longer, unless it was lost or another server wants it."""
        expires_at = self._now() + self._lease_s
        result = lock_rows().update_one(
            {
                "_id": document_id,
                "owner": self.owner,
                "fence": lease.fence,
                "wanted_by": None,
            },
            {"$set": {"expires_at": expires_at}},
        )
        if result.matched_count == 1:
            lease.expires_at = expires_at
            return True
        return False

    def _hand_over(self, document_id: str, lease: _Lease) -> None:
        """Give the lease to who wants it, for as long as it takes to come for it."""
        row = lock_rows().find_one({"_id": document_id})
        if row is not None and row["fence"] == lease.fence and row.get("wanted_by"):
            turn = _Lease(lease.fence + 1, self._now() + TURN_S)
            self._swap(document_id, lease.fence, turn, owner=row["wanted_by"])

    def _take(self, document_id: str) -> Hold:
        row = lock_rows().find_one({"_id": document_id})
        lease = _Lease(fence=1, expires_at=self._now() + self._lease_s)
        if row is None:
            taken = self._insert(document_id, lease)
        elif row["expires_at"] > self._now() and not self._is_ours(row["owner"]):
            self._want(document_id, row)
            taken = False
        else:
            lease.fence = row["fence"] + 1
            taken = self._swap(document_id, row["fence"], lease, owner=self.owner)
        if not taken:
            return Hold.TAKEN
        self._held[document_id] = lease
        return Hold.FRESH

    def _is_ours(self, owner: str) -> bool:
        """Tell whether a holder was this very server, before it was started again."""
        return owner.partition(":")[0] == self._server

    def _insert(self, document_id: str, lease: _Lease) -> bool:
        row = {
            "_id": document_id,
            "owner": self.owner,
            "fence": lease.fence,
            "expires_at": lease.expires_at,
        }
        try:
            lock_rows().insert_one(row)
        except DuplicateKeyError:
            return False
        return True

    def _want(self, document_id: str, row: dict[str, Any]) -> None:
        """Leave word for the holder, unless somebody was quicker."""
        if not row.get("wanted_by"):
            lock_rows().update_one(
                {"_id": document_id, "fence": row["fence"], "wanted_by": None},
                {"$set": {"wanted_by": self.owner}},
            )

    def _swap(self, document_id: str, seen_fence: int, lease: _Lease, *, owner: str) -> bool:
        """Put a holder in the place of the one that was seen, unless somebody else was quicker."""
        result = lock_rows().update_one(
            {"_id": document_id, "fence": seen_fence},
            {
                "$set": {
                    "owner": owner,
                    "fence": lease.fence,
                    "expires_at": lease.expires_at,
                    "wanted_by": None,
                }
            },
        )
        return result.matched_count == 1
