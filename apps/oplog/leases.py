"""The distributed lock on a log: owner, expiry, fencing token (docs/system-flow.md, §4).

A server holds a lease from batch to batch while edits keep coming, so the steady state costs no
round trip. The lease only makes conflicts rare; the unique index on (document, seq) arbitrates
(docs/invariants.md, 2), so a paused owner that resumes late does no harm.

A refused server stores its name in the lease, and the holder transfers the lease to it at the next
renewal: so no server waits for a busy holder longer than half a lease, even if messages are lost.
"""

import enum
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pymongo.errors import DuplicateKeyError

from apps.oplog.models import lock_rows

#: Duration of a lease without renewal, in seconds: the longest wait for a dead owner.
LEASE_S = 10.0
#: Time that a transferred lease is reserved for its new holder, in seconds.
TRANSFER_S = 0.2


class Hold(enum.Enum):
    """The result of ``Leases.hold``."""

    HELD = "held"  #: held before: no other server has appended since
    ACQUIRED = "acquired"  #: newly acquired: another server may have appended before
    TAKEN = "taken"  #: held by another server


@dataclass(slots=True)
class _Lease:
    fence: int
    expires_at: float


class Leases:
    """The leases of one process, for any of its threads.

    ``owner`` names the process as ``server:start``: a restarted server takes over its former leases
    at once. ``now`` returns Unix seconds. Clocks of servers that differ by more than a lease cost
    time; they never harm the log.
    """

    def __init__(
        self, owner: str, *, lease_s: float = LEASE_S, now: Callable[[], float] = time.time
    ) -> None:
        self.owner = owner
        self._server = owner.partition(":")[0]
        self._lease_s = lease_s
        self._now = now
        self._held: dict[str, _Lease] = {}
        self._lock = threading.Lock()

    def hold(self, document_id: str) -> Hold:
        """Acquire, renew or confirm the lease on a document.

        Costs no round trip while more than half of the lease is left, one to renew it, two or
        three to acquire it. Raises ``PyMongoError`` when the store is away.
        """
        with self._lock:
            return self._hold(document_id)

    def _hold(self, document_id: str) -> Hold:
        lease = self._held.get(document_id)
        if lease is not None:
            if lease.expires_at - self._now() > self._lease_s / 2:
                return Hold.HELD
            if self._renew(document_id, lease):
                return Hold.HELD
            del self._held[document_id]
            self._transfer(document_id, lease)
        return self._acquire(document_id)

    def holds(self, document_id: str) -> bool:
        """Return whether this process acquired the lease and has not released it; no round trip."""
        return document_id in self._held

    def release(self, document_ids: Iterable[str]) -> None:
        """Release leases, so that another server need not wait for their expiry."""
        with self._lock:
            for document_id in document_ids:
                lease = self._held.pop(document_id, None)
                if lease is not None:
                    lock_rows().update_one(
                        {"_id": document_id, "owner": self.owner, "fence": lease.fence},
                        {"$set": {"expires_at": 0.0}},
                    )

    def release_all(self) -> None:
        """Release all leases; for the end of the process."""
        self.release(list(self._held))

    def _renew(self, document_id: str, lease: _Lease) -> bool:
        """Renew a lease, unless it was lost or another server has requested it."""
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

    def _transfer(self, document_id: str, lease: _Lease) -> None:
        """Transfer the lease to the server that requested it, reserved for ``TRANSFER_S``."""
        row = lock_rows().find_one({"_id": document_id})
        if row is not None and row["fence"] == lease.fence and row.get("wanted_by"):
            transferred = _Lease(lease.fence + 1, self._now() + TRANSFER_S)
            self._swap(document_id, lease.fence, transferred, owner=row["wanted_by"])

    def _acquire(self, document_id: str) -> Hold:
        row = lock_rows().find_one({"_id": document_id})
        lease = _Lease(fence=1, expires_at=self._now() + self._lease_s)
        if row is None:
            is_acquired = self._insert(document_id, lease)
        elif row["expires_at"] > self._now() and not self._is_ours(row["owner"]):
            self._request(document_id, row)
            is_acquired = False
        else:
            lease.fence = row["fence"] + 1
            is_acquired = self._swap(document_id, row["fence"], lease, owner=self.owner)
        if not is_acquired:
            return Hold.TAKEN
        self._held[document_id] = lease
        return Hold.ACQUIRED

    def _is_ours(self, owner: str) -> bool:
        """Return whether the holder is this server before its restart."""
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

    def _request(self, document_id: str, row: dict[str, Any]) -> None:
        """Request the lease from its holder, unless another server has requested it."""
        if not row.get("wanted_by"):
            lock_rows().update_one(
                {"_id": document_id, "fence": row["fence"], "wanted_by": None},
                {"$set": {"wanted_by": self.owner}},
            )

    def _swap(self, document_id: str, seen_fence: int, lease: _Lease, *, owner: str) -> bool:
        """Replace the holder that was seen; return False when another server did so first."""
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
