"""The causal gate: an update is applied only when all that it needs is there.

Without it the engine would keep what it cannot place yet beside the document, and leave it out of
every snapshot without a word (ADR 0001). So the order is made here, by version vectors, and what
comes too early is kept aside: bounded in bytes and age.
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final, Generic, TypeVar

from apps.core.errors import LimitExceededError
from apps.crdt.codec.update_reader import UpdateHeader
from apps.crdt.codec.vectors import Vector

T = TypeVar("T")

#: What one operation kept aside costs in memory beside its bytes, roughly.
ENTRY_COST_BYTES: Final = 512


class PendingFullError(LimitExceededError):
    """More is kept aside than the limit allows; the sender must first send what is missing."""

    code = "pending_full"


def missing(header: UpdateHeader, vector: Vector) -> Vector | None:
    """Return what the update needs and ``vector`` does not have, None when it may be applied."""
    known = vector.get
    lacking: Vector | None = None
    for client, clock in header.needs.items():
        if known(client, 0) < clock:
            if lacking is None:
                lacking = {}
            lacking[client] = clock
    return lacking


def brings_structs(header: UpdateHeader, vector: Vector) -> bool:
    """Tell whether the update holds structs that ``vector`` does not know."""
    known = vector.get
    for client, runs in header.ranges.items():  # noqa: SIM110 - any() costs twice as much
        if known(client, 0) < runs[-1][1]:
            return True
    return False


def advance(vector: Vector, header: UpdateHeader) -> None:
    """Raise ``vector``, in place, to what is known once the update has been applied."""
    known = vector.get
    for client, runs in header.ranges.items():
        end = runs[-1][1]
        if known(client, 0) < end:
            vector[client] = end


class _Entry(Generic[T]):
    __slots__ = ("added_at", "header", "item", "number")

    def __init__(self, number: int, header: UpdateHeader, item: T, added_at: float) -> None:
        self.number = number
        self.header = header
        self.item = item
        self.added_at = added_at


class Pending(Generic[T]):
    """Operations set aside until what they need is there.

    ``item`` is whatever the caller needs to go on with the operation. The vectors that the
    methods get may only grow from call to call. Each operation waits for one clock at a time, so
    that a release costs no more than what it releases, however much is kept.
    """

    __slots__ = ("_bytes", "_entries", "_max_age_s", "_max_bytes", "_next", "_unplaced", "_waiting")

    def __init__(self, *, max_bytes: int, max_age_s: float) -> None:
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._bytes = 0
        self._next = 0
        self._entries: dict[int, _Entry[T]] = {}
        self._unplaced: list[_Entry[T]] = []
        #: Per client a heap of (clock waited for, number of the entry, entry).
        self._waiting: dict[int, list[tuple[int, int, _Entry[T]]]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size_bytes(self) -> int:
        """What is kept, in bytes: the updates and ``ENTRY_COST_BYTES`` for each."""
        return self._bytes

    def add(self, header: UpdateHeader, item: T, *, at: float) -> None:
        """Keep an operation that came at the moment ``at``, in seconds; raise PendingFullError."""
        size = self._bytes + header.size + ENTRY_COST_BYTES
        if size > self._max_bytes:
            raise PendingFullError(
                "Too much waits for operations that have not come. Send what is missing first.",
                extra={"limit": "pending_bytes", "value": self._max_bytes},
            )
        self._bytes = size
        entry = _Entry(self._next, header, item, at)
        self._entries[self._next] = entry
        self._unplaced.append(entry)
        self._next += 1

    def release(self, vector: Vector) -> list[tuple[UpdateHeader, T]]:
        """Take out what may be applied, in an order in which it may be.

        ``vector`` itself stays as it is; the caller advances it by each operation it applies.
        """
        if not self._entries:
            return []
        reached = dict(vector)
        released: list[tuple[UpdateHeader, T]] = []
        ready = deque(self._unplaced)
        self._unplaced = []
        for client in list(self._waiting):
            ready.extend(self._woken(client, reached))
        while ready:
            entry = ready.popleft()
            lacking = missing(entry.header, reached)
            if lacking is not None:
                client, clock = next(iter(lacking.items()))
                heap = self._waiting.setdefault(client, [])
                heappush(heap, (clock, entry.number, entry))
                continue
            self._forget(entry)
            released.append((entry.header, entry.item))
            advance(reached, entry.header)
            for client in entry.header.ranges:
                ready.extend(self._woken(client, reached))
        return released

    def _woken(self, client: int, vector: Vector) -> Iterator[_Entry[T]]:
        heap = self._waiting.get(client)
        if heap is None:
            return
        clock = vector.get(client, 0)
        while heap and heap[0][0] <= clock:
            yield heappop(heap)[2]
        if not heap:
            del self._waiting[client]

    def _forget(self, entry: _Entry[T]) -> None:
        del self._entries[entry.number]
        self._bytes -= entry.header.size + ENTRY_COST_BYTES

    def expire(self, *, at: float) -> list[T]:
        """Take out, and return, what has waited longer than allowed at the moment ``at``."""
        expired: list[_Entry[T]] = []
        for entry in self._entries.values():
            if at - entry.added_at <= self._max_age_s:
                break
            expired.append(entry)
        if expired:
            for entry in expired:
                self._forget(entry)
            self._waiting.clear()
            self._unplaced = list(self._entries.values())
        return [entry.item for entry in expired]

    def missing(self, vector: Vector) -> Vector:
        """Return, per client, the highest clock that something kept needs and nobody has sent."""
        lacking: Vector = {}
        for entry in self._entries.values():
            for client, clock in (missing(entry.header, vector) or {}).items():
                if lacking.get(client, 0) < clock:
                    lacking[client] = clock
        return lacking

    def clear(self) -> list[T]:
        """Take everything out, and return it in the order in which it came."""
        items = [entry.item for entry in self._entries.values()]
        self._entries.clear()
        self._unplaced.clear()
        self._waiting.clear()
        self._bytes = 0
        return items
