"""The distributed lock on a document's log: a lease with owner, expiry and fence number (§4).

A server keeps a lease between batches while edits keep coming, so the steady state costs no round
trip for it. The lock only keeps the losers of a race few; the unique index on (document, seq)
decides the race (DESIGN, invariant 2), so a paused owner that wakes up late harms nothing.
"""

import enum
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pymongo.errors import DuplicateKeyError

from apps.oplog.models import lock_rows

#: How long a lease lasts without renewal, in seconds. Nobody waits longer for a dead owner.
LEASE_S = 10.0


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

    ``owner`` names the process, ``now`` gives unix seconds. The clocks of the servers may differ
    by less than the lease without harm to speed, and by anything without harm to the log.
    """

    def __init__(
        self, owner: str, *, lease_s: float = LEASE_S, now: Callable[[], float] = time.time
    ) -> None:
        self.owner = owner
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
        expires_at = self._now() + self._lease_s
        result = lock_rows().update_one(
            {"_id": document_id, "owner": self.owner, "fence": lease.fence},
            {"$set": {"expires_at": expires_at}},
        )
        if result.matched_count == 1:
            lease.expires_at = expires_at
            return True
        return False

    def _take(self, document_id: str) -> Hold:
        row = lock_rows().find_one({"_id": document_id})
        lease = _Lease(fence=1, expires_at=self._now() + self._lease_s)
        if row is None:
            taken = self._insert(document_id, lease)
        elif row["owner"] != self.owner and row["expires_at"] > self._now():
            taken = False
        else:
            lease.fence = row["fence"] + 1
            taken = self._swap(document_id, row["fence"], lease)
        if not taken:
            return Hold.TAKEN
        self._held[document_id] = lease
        return Hold.FRESH

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

    def _swap(self, document_id: str, seen_fence: int, lease: _Lease) -> bool:
        """Take over from the holder that was seen, unless somebody else was quicker."""
        result = lock_rows().update_one(
            {"_id": document_id, "fence": seen_fence},
            {
                "$set": {
                    "owner": self.owner,
                    "fence": lease.fence,
                    "expires_at": lease.expires_at,
                }
            },
        )
        return result.matched_count == 1
