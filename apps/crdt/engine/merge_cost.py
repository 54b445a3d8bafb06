"""The cost of a merge: an upper bound of the steps in which the engine places items."""

from typing import Final

from apps.crdt.codec.update_reader import UpdateHeader
from apps.crdt.engine.placements import Placements, Tails, TypedRun, placements_of

#: How long the engine takes for a step, in seconds.
STEP_S: Final = 0.15e-6
#: Steps that one document may cost at once, and that are added in a second. Threat: a batch that
#: holds the event loop, and one batch after the other.
STEPS_AT_ONCE: Final = 1_500_000
STEPS_PER_S: Final = 750_000
#: Steps that may be added to a load of the document until its state is loaded in a child process to
#: see how long that takes; more in a large document, where this many are a few jumps of a cursor.
#: Threat: a document that grows slow by small updates, and holds each process that loads it.
LOAD_STEPS: Final = 1_500_000
LOAD_CONFLICTS: Final = 40
#: The part of an item that may be costly which counts for a load at least, where its merge was
#: quick. Threat: items that are quick to merge one by one, and slow in the order of a load.
QUICK_SHARE: Final = 0.04
#: Bytes that the engine may copy to join the texts of one update. Threat: its memory.
MAX_JOIN_BYTES: Final = 32 * 1024 * 1024
#: Values and bytes that the engine may copy to cut lists and texts for one update: 0.1 s. Threat:
#: an event loop that is held, by 50 kB that delete each second one of 20,000 values.
MAX_VALUES_COPIED: Final = 15_000_000
MAX_BYTES_COPIED: Final = 5_000_000_000
#: Bytes of updates that are surveyed together, at most: it takes 0.1 microseconds for each.
MAX_WAITING_BYTES: Final = 64 * 1024
#: The smallest struct of an update with an origin, and that of an average state, in bytes.
_UPDATE_STRUCT_BYTES: Final = 5
_STATE_STRUCT_BYTES: Final = 12
#: Bytes that a run of typed text counts in the memory of what waits.
_RUN_BYTES: Final = 128
#: Clients whose last item is remembered.
_MAX_TAILS: Final = 2_000


class MergeCost:
    """The cost of the items that come to one document.

    Text behind the last item of its client costs nothing. Another small update is charged as if
    each of its items were costly. Only when that is too much, the latest updates are surveyed, and
    what they cost is charged instead. So people who type pay nothing. Where the merge is timed, it
    is charged no more than it took (``settle``): people who jump about in a large document name
    neighbours, which cannot be seen in their updates. ``at`` is a monotonic time in seconds.
    """

    __slots__ = (
        "_before",
        "_charged",
        "_conflicts",
        "_is_free",
        "_left",
        "_measured",
        "_possible",
        "_refilled_at",
        "_runs",
        "_tails",
        "_untimed",
        "_waiting",
        "_waiting_bytes",
        "_waits",
        "blocks",
    )

    def __init__(self, *, state_bytes: int = 0) -> None:
        #: About how many items the document has, the parts of split ones included.
        self.blocks = state_bytes // _STATE_STRUCT_BYTES
        #: Items that may be costly, since the last check of a load.
        self._conflicts = 0.0
        self._left = float(STEPS_AT_ONCE)
        self._refilled_at = 0.0
        self._tails: Tails = {}
        #: The text that each client has typed since the last survey, if that was its last item.
        self._runs: dict[int, TypedRun] = {}
        #: Whether the last count cost nothing.
        self._is_free = False
        #: Updates that are not surveyed, their items at most, and the steps charged for them.
        #: In place of the updates of typed text stands its run.
        self._waiting: list[bytes | TypedRun] = []
        self._waiting_bytes = 0
        self._possible = 0
        self._charged = 0
        #: The steps that their merges took, and how many of them were not timed.
        self._measured = 0.0
        self._untimed = 0
        #: Whether the last update waits.
        self._waits = False
        self._before = (self.blocks, self._conflicts, self._left)

    def add(
        self,
        update: bytes,
        size_bytes: int,
        *,
        header: UpdateHeader | None = None,
        at: float = 0.0,
    ) -> bool:
        """Count an update that is about to be applied; return whether to try it first.

        That is so where the steps of now are spent, or a load of the document may have become slow.
        Without its header, typed text is charged too.
        """
        self._is_free = header is not None and self._continues(header)
        if self._is_free:
            return False
        self._open_run(header)
        items = size_bytes // _UPDATE_STRUCT_BYTES
        steps = items * self.blocks
        if (
            self._left < steps
            or self._waiting_bytes + size_bytes > MAX_WAITING_BYTES
            or (self._possible + items) * self.blocks > LOAD_STEPS
        ):
            self._survey(at)
            self._add(placements_of((update,), self._tails), at)
            return self._is_over()
        self._waiting += (update,)  # costs no call, unlike ``append``
        self._waiting_bytes += size_bytes
        self._possible += items
        self._charged += steps
        self._left -= steps
        self._untimed += 1
        self._waits = True
        return False

    @property
    def is_free(self) -> bool:
        """Return whether the last count cost nothing: there is nothing to settle."""
        return self._is_free

    def settle(self, took_s: float) -> None:
        """Charge no more for the last count than its merge took, in seconds of processor time."""
        steps = took_s / STEP_S
        if self._waits:
            self._measured += steps
            self._untimed -= 1
            self._waits = False
            return
        _, conflicts, left = self._before
        charged = left - self._left
        if steps < charged:
            share = max(steps / charged, QUICK_SHARE)
            self._conflicts = conflicts + (self._conflicts - conflicts) * share
            self._left = left - steps

    def _continues(self, header: UpdateHeader) -> bool:
        """Note text that follows the last item of its client; return False for anything else."""
        if header.typed is None or header.deletes:
            return False
        client, first, end, right = header.typed
        run = self._runs.get(client)
        if run is None or run.end != first or run.right != right:
            return False
        if run.start == first:
            self._waiting += (run,)
            self._waiting_bytes += _RUN_BYTES
        run.end = end
        self.blocks += 1  # until the engine joins it, which it does not where a part is deleted
        return True

    def _open_run(self, header: UpdateHeader | None) -> None:
        if header is None:
            self._runs.clear()
            return
        for client in header.ranges:
            self._runs.pop(client, None)
        if header.typed is not None and len(self._runs) < _MAX_TAILS:
            client, _, end, right = header.typed
            self._runs[client] = TypedRun(client, end, end, right)

    def add_placements(self, placements: Placements, *, at: float = 0.0) -> bool:
        """Count an update whose extent is known, as ``add`` does."""
        self._survey(at)
        self._add(placements, at)
        return self._is_over()

    def undo(self, update: bytes) -> None:
        """Undo the last count: its update was refused."""
        self._runs.clear()
        self._waits = False
        if self._is_free:
            self.blocks -= 1
        elif self._waiting and self._waiting[-1] is update:
            self._untimed -= 1
            self._waiting.pop()
            self._waiting_bytes -= len(update)
        else:
            self.blocks, self._conflicts, self._left = self._before

    def reset(self) -> None:
        """Begin to count again: the state has been loaded in a child process."""
        self._conflicts = 0.0
        self._left = float(STEPS_AT_ONCE)

    def _survey(self, at: float) -> None:
        """Find out what the updates that wait cost, and charge that in place of the most."""
        placements = placements_of(self._waiting, self._tails)
        measured_s = None if self._untimed else self._measured * STEP_S
        self._measured, self._untimed = 0.0, 0
        self._left += self._charged
        self._waiting, self._waiting_bytes, self._possible, self._charged = [], 0, 0, 0
        self._runs.clear()
        self._add(placements, at)
        if measured_s is not None:
            self.settle(measured_s)

    def _add(self, placements: Placements, at: float) -> None:
        self._waits = False
        elapsed_s = max(0.0, at - self._refilled_at)
        self._left = min(float(STEPS_AT_ONCE), self._left + elapsed_s * STEPS_PER_S)
        self._refilled_at = max(at, self._refilled_at)
        self._before = (self.blocks, self._conflicts, self._left)
        self.blocks += placements.blocks
        self._conflicts += placements.conflicts
        self._left -= placements.conflicts * self.blocks
        self._tails.update(placements.tails)
        while len(self._tails) > _MAX_TAILS:
            del self._tails[next(iter(self._tails))]

    def _is_over(self) -> bool:
        allowed = max(LOAD_STEPS, LOAD_CONFLICTS * self.blocks)
        return self._left < 0 or self._conflicts * self.blocks > allowed
