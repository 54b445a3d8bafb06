"""The causal gate: an update is applied only after all updates that it depends on.

Without the gate the engine would hold back structs whose dependencies are missing, and silently
leave them out of every snapshot (ADR 0001). So version vectors decide the order here, and an
update that arrives too early becomes pending: bounded in bytes and age.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Final, Generic, TypeVar

from apps.core.errors import LimitExceededError
from apps.crdt.codec.update_reader import UpdateHeader
from apps.crdt.codec.vectors import Clocks, GrowingClocks, Vector, VectorOverlay

T = TypeVar("T")

#: Approximate memory overhead of a pending operation, in addition to its update.
ENTRY_COST_BYTES: Final = 512


class PendingFullError(LimitExceededError):
    """The limit of pending bytes is reached; the sender must send the missing operations first."""

    code = "pending_full"


def missing_clocks(header: UpdateHeader, vector: Clocks) -> Vector | None:
    """Return the clocks that an update needs beyond ``vector``; None if it may be applied."""
    known = vector.get
    lacking: Vector | None = None
    for client, clock in header.needs.items():
        if known(client, 0) < clock:
            if lacking is None:
                lacking = {}
            lacking[client] = clock
    return lacking


def brings_structs(header: UpdateHeader, vector: Clocks) -> bool:
    """Return whether an update has structs beyond ``vector``."""
    known = vector.get
    for client, runs in header.ranges.items():  # noqa: SIM110 - any() costs twice as much
        if known(client, 0) < runs[-1][1]:
            return True
    return False


def advance(vector: GrowingClocks, header: UpdateHeader) -> None:
    """Advance ``vector``, in place, to the vector after the update has been applied."""
    known = vector.get
    for client, runs in header.ranges.items():
        end = runs[-1][1]
        if known(client, 0) < end:
            vector[client] = end


def touched_vector(headers: Iterable[UpdateHeader], vector: Clocks) -> Vector:
    """Return the clocks of the clients that updates insert, need or delete, after the updates.

    ``vector`` is that after the updates. The result is about as large as the updates, however many
    clients the document has.
    """
    touched: Vector = {}
    known = vector.get
    for header in headers:
        for client in header.ranges:
            touched[client] = known(client, 0)
        for client in header.needs:
            touched[client] = known(client, 0)
    return touched


class _Entry(Generic[T]):
    __slots__ = ("added_at", "header", "item", "order")

    def __init__(self, order: int, header: UpdateHeader, item: T, added_at: float) -> None:
        self.order = order
        self.header = header
        self.item = item
        self.added_at = added_at


class Pending(Generic[T]):
    """Pending operations: they wait until the operations that they depend on have been applied.

    ``item`` is the caller's own object for an operation. From call to call the given vectors may
    only grow. Each operation waits for one clock at a time, so a release costs no more than what
    it releases, however many operations are pending.
    """

    __slots__ = (
        "_bytes",
        "_entries",
        "_max_age_s",
        "_max_bytes",
        "_next_order",
        "_unplaced",
        "_waiting",
    )

    def __init__(self, *, max_bytes: int, max_age_s: float) -> None:
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._bytes = 0
        self._next_order = 0
        self._entries: dict[int, _Entry[T]] = {}
        self._unplaced: list[_Entry[T]] = []
        #: Per client a heap of (clock waited for, order of the entry, entry).
        self._waiting: dict[int, list[tuple[int, int, _Entry[T]]]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size_bytes(self) -> int:
        """Size of all pending operations: their updates and ``ENTRY_COST_BYTES`` for each."""
        return self._bytes

    def add(self, header: UpdateHeader, item: T, *, at: float) -> None:
        """Add an operation received at time ``at``, in seconds; raise PendingFullError."""
        size = self._bytes + header.size + ENTRY_COST_BYTES
        if size > self._max_bytes:
            raise PendingFullError(
                "Too many edits wait for operations that have not arrived. Send those first.",
                extra={"limit": "pending_bytes", "value": self._max_bytes},
            )
        self._bytes = size
        entry = _Entry(self._next_order, header, item, at)
        self._entries[self._next_order] = entry
        self._unplaced.append(entry)
        self._next_order += 1

    def release(self, vector: Clocks) -> list[tuple[UpdateHeader, T]]:
        """Remove and return the operations that may be applied now, in causal order.

        ``vector`` is not changed; the caller advances it with each operation that it applies.
        """
        if not self._entries:
            return []
        reached = VectorOverlay(vector)
        released: list[tuple[UpdateHeader, T]] = []
        ready = deque(self._unplaced)
        self._unplaced = []
        for client in list(self._waiting):
            ready.extend(self._due(client, reached))
        while ready:
            entry = ready.popleft()
            lacking = missing_clocks(entry.header, reached)
            if lacking is not None:
                client, clock = next(iter(lacking.items()))
                heap = self._waiting.setdefault(client, [])
                heappush(heap, (clock, entry.order, entry))
                continue
            self._remove(entry)
            released.append((entry.header, entry.item))
            advance(reached, entry.header)
            for client in entry.header.ranges:
                ready.extend(self._due(client, reached))
        return released

    def _due(self, client: int, vector: Clocks) -> Iterator[_Entry[T]]:
        heap = self._waiting.get(client)
        if heap is None:
            return
        clock = vector.get(client, 0)
        while heap and heap[0][0] <= clock:
            yield heappop(heap)[2]
        if not heap:
            del self._waiting[client]

    def _remove(self, entry: _Entry[T]) -> None:
        del self._entries[entry.order]
        self._bytes -= entry.header.size + ENTRY_COST_BYTES

    def expire(self, *, at: float) -> list[T]:
        """Remove and return the items that have waited longer than allowed at time ``at``."""
        expired: list[_Entry[T]] = []
        for entry in self._entries.values():
            if at - entry.added_at <= self._max_age_s:
                break
            expired.append(entry)
        if expired:
            for entry in expired:
                self._remove(entry)
            self._waiting.clear()
            self._unplaced = list(self._entries.values())
        return [entry.item for entry in expired]

    def missing_clocks(self, vector: Clocks) -> Vector:
        """Return, per client, the highest clock beyond ``vector`` that an operation waits for."""
        lacking: Vector = {}
        for entry in self._entries.values():
            for client, clock in (missing_clocks(entry.header, vector) or {}).items():
                if lacking.get(client, 0) < clock:
                    lacking[client] = clock
        return lacking

    def clear(self) -> list[T]:
        """Remove and return all items, in the order in which they were added."""
        items = [entry.item for entry in self._entries.values()]
        self._entries.clear()
        self._unplaced.clear()
        self._waiting.clear()
        self._bytes = 0
        return items
