"""The cost of a merge: an upper bound of the steps in which the engine finds the places of items.

The engine puts an item between its left and its right origin. Where these are neighbours, that is
one step. Where they are not, the engine compares the item with each one in between, so a few
kilobytes of items that claim one place hold the interpreter for minutes, at each load again.

An honest item names two items that were neighbours for its author. Two items L and R that are
neighbours have one of two marks: L is the left origin of R, or R is the right origin of L. So the
items with one left origin L form a path: the first one has the right origin of L, and each other
one has another of them as its right origin. Where they form no such path, all of them may be
costly, and are counted. So are the items with a left origin that is in none of the given updates.
All is linear in the updates, and nothing of the document is needed.

The rules of placement: https://github.com/yjs/yjs/blob/v13.6.33/src/structs/Item.js (``integrate``)
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from typing import Final, NamedTuple, cast

from apps.crdt.codec.contents import STRING, read_content, read_uint, skip_text, text_length
from apps.crdt.codec.structs import (
    GAPS,
    HAS_LEFT_ORIGIN,
    HAS_PARENT_KEY,
    HAS_RIGHT_ORIGIN,
    KIND_MASK,
    Id,
    read_id,
)

#: Steps that one document may cost at once, and that are added in a second. A step takes the engine
#: 0.15 microseconds. Threat: a batch that holds the event loop, and one batch after the other.
STEPS_AT_ONCE: Final = 1_500_000
STEPS_PER_S: Final = 750_000
#: Steps that may be added to a load of the document until its state is loaded in a child process to
#: see how long that takes; more in a large document, where this many are a few jumps of a cursor.
#: Threat: a document that grows slow by small updates, and holds each process that loads it.
LOAD_STEPS: Final = 1_500_000
LOAD_CONFLICTS: Final = 40
#: Bytes of updates that are surveyed together, at most: it takes 0.1 microseconds for each.
MAX_WAITING_BYTES: Final = 64 * 1024
#: The smallest struct of an update with an origin, and that of an average state, in bytes.
_UPDATE_STRUCT_BYTES: Final = 5
_STATE_STRUCT_BYTES: Final = 12
#: Clients whose last item is remembered.
_MAX_TAILS: Final = 2_000

#: The end of the clocks of a client, and the right origin of its last item.
Tails = dict[int, tuple[int, Id | None]]


class Placements(NamedTuple):
    """The extent of some updates: the blocks that they add, and the items that may be costly.

    ``tails`` are the last items of the clients that they insert.
    """

    blocks: int
    conflicts: int
    tails: Tails
    #: Strings that continue the one before (``apps.crdt.codec.text_joining``).
    joins: int = 0
    #: Places where a block may be cut in two: of deletes, and of items inside others.
    cuts: int = 0


class MergeCost:
    """The cost of the items that come to one document.

    A small update is charged as if each of its items were costly. Only when that is too much, the
    latest updates are surveyed, and what they cost is charged instead. So people who type pay
    nothing. ``at`` is a monotonic time in seconds.
    """

    __slots__ = (
        "_before",
        "_charged",
        "_conflicts",
        "_left",
        "_possible",
        "_refilled_at",
        "_tails",
        "_waiting",
        "_waiting_bytes",
        "blocks",
    )

    def __init__(self, *, state_bytes: int = 0) -> None:
        #: About how many items the document has, the parts of split ones included.
        self.blocks = state_bytes // _STATE_STRUCT_BYTES
        #: Items that may be costly, since the last check of a load.
        self._conflicts = 0
        self._left = float(STEPS_AT_ONCE)
        self._refilled_at = 0.0
        self._tails: Tails = {}
        #: Updates that are not surveyed, their items at most, and the steps charged for them.
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._possible = 0
        self._charged = 0
        self._before = (self.blocks, self._conflicts, self._left)

    def add(self, update: bytes, size_bytes: int, *, at: float = 0.0) -> bool:
        """Count an update that is about to be applied; return whether to try it first.

        That is so where the steps of now are spent, or a load of the document may have become slow.
        """
        items = size_bytes // _UPDATE_STRUCT_BYTES
        steps = items * self.blocks
        self._waiting += (update,)  # costs no call, unlike ``append``
        self._waiting_bytes += size_bytes
        self._possible += items
        self._charged += steps
        self._left -= steps
        if (
            self._left >= 0
            and self._waiting_bytes <= MAX_WAITING_BYTES
            and self._possible * self.blocks <= LOAD_STEPS
        ):
            return False
        self._survey(at)
        return self._is_over()

    def add_placements(self, placements: Placements, *, at: float = 0.0) -> bool:
        """Count an update whose extent is known, as ``add`` does."""
        self._survey(at)
        self._add(placements, at)
        return self._is_over()

    def undo(self, update: bytes) -> None:
        """Undo the last count: its update was refused."""
        if self._waiting and self._waiting[-1] is update:
            self._waiting.pop()
            self._waiting_bytes -= len(update)
        else:
            self.blocks, self._conflicts, self._left = self._before

    def reset(self) -> None:
        """Begin to count again: the state has been loaded in a child process."""
        self._conflicts = 0
        self._left = float(STEPS_AT_ONCE)

    def _survey(self, at: float) -> None:
        """Find out what the updates that wait cost, and charge that in place of the most."""
        placements = placements_of(self._waiting, self._tails)
        self._left += self._charged
        self._waiting, self._waiting_bytes, self._possible, self._charged = [], 0, 0, 0
        self._add(placements, at)

    def _add(self, placements: Placements, at: float) -> None:
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


def placements_of(updates: Iterable[bytes], tails: Tails | None = None) -> Placements:
    """Return the extent of updates that follow one another; ``tails``, what was before, stays.

    Only for updates that ``apps.crdt.codec.update_reader.read_update`` has read, or that the engine
    has written.
    """
    survey = _Survey(tails or {})
    for update in updates:
        survey.add(update)
    conflicts = survey.count_conflicts()
    cuts = survey.deletes + conflicts + survey.inside
    return Placements(survey.blocks, conflicts, survey.tails, survey.joins, cuts)


class _Runs:
    """The items of one client, joined to runs where each one follows the one before it.

    Lists with an entry per run: its clocks, its origins, and the start of a list that its first
    item is in, where it names one.
    """

    __slots__ = ("ends", "lefts", "parents", "rights", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.lefts: list[Id | None] = []
        self.rights: list[Id | None] = []
        self.parents: list[Hashable] = []

    def add(
        self, start: int, end: int, left: Id | None, right: Id | None, parent: Hashable
    ) -> None:
        self.starts.append(start)
        self.ends.append(end)
        self.lefts.append(left)
        self.rights.append(right)
        self.parents.append(parent)

    def find(self, clock: int) -> int:
        """Return the index of the run with a clock, -1 for none."""
        index = bisect_right(self.starts, clock) - 1
        return index if index >= 0 and clock < self.ends[index] else -1


#: Of a parent that is being looked for.
_SOUGHT: Final = object()


class _Survey:
    """Collects the runs of updates, and the items that begin one."""

    def __init__(self, tails: Tails) -> None:
        self.blocks = 0
        self.joins = 0
        #: Id ranges that are deleted, and items with a left origin inside a run.
        self.deletes = 0
        self.inside = 0
        self.tails: Tails = {}
        self._known_tails = tails
        self._clients: dict[int, _Runs] = {}
        #: Client and index of the runs whose first item follows nothing known.
        self._heads: list[tuple[int, int]] = []

    def add(self, update: bytes) -> None:
        """Add the items of an update. Its deletes may split as many blocks."""
        clients, pos = read_uint(update, 0)
        for _ in range(clients):
            count, pos = read_uint(update, pos)
            client, pos = read_uint(update, pos)
            pos = self._add_client(update, pos, client, count)
            self.blocks += count
        deletes = _delete_ranges(update, pos)
        self.deletes += deletes
        self.blocks += deletes

    def _add_client(self, data: bytes, pos: int, client: int, count: int) -> int:
        clock, pos = read_uint(data, pos)
        runs = self._clients.setdefault(client, _Runs())
        tail = self.tails.get(client) or self._known_tails.get(client)
        for _ in range(count):
            info = data[pos]
            pos += 1
            if info in GAPS:
                length, pos = read_uint(data, pos)
                clock += length
                continue
            left = right = None
            parent: Hashable = None
            if info & HAS_LEFT_ORIGIN:
                left, pos = read_id(data, pos)
            if info & HAS_RIGHT_ORIGIN:
                right, pos = read_id(data, pos)
            if info < HAS_RIGHT_ORIGIN:
                parent, pos = _read_parent(data, pos, info)
            start = clock
            if info & KIND_MASK == STRING:
                size, pos = read_uint(data, pos)
                clock += text_length(data, pos, pos + size)
                pos += size
            else:
                length, pos = read_content(data, pos, info & KIND_MASK)
                clock += length
            if left is not None and left == (client, start - 1) and tail == (start, right):
                if runs.ends and runs.ends[-1] == start:
                    runs.ends[-1] = clock
                    self.joins += info & KIND_MASK == STRING
                else:
                    runs.add(start, clock, left, right, parent)
            else:
                self._heads.append((client, len(runs.starts)))
                runs.add(start, clock, left, right, parent)
            tail = (clock, right)
        if tail is not None:
            self.tails[client] = tail
        return pos

    def count_conflicts(self) -> int:
        """Return how many items may cost more than one step."""
        groups: dict[Hashable, list[tuple[Id, Id | None]]] = {}
        for client, index in self._heads:
            runs = self._clients[client]
            left = runs.lefts[index]
            group = self._start_of(client, index) if left is None else left
            groups.setdefault(group, []).append(((client, runs.starts[index]), runs.rights[index]))
        return sum(self._conflicts_of(group, items) for group, items in groups.items())

    def _conflicts_of(self, group: Hashable, items: Sequence[tuple[Id, Id | None]]) -> int:
        """Return how many of the items with one left origin, or at one start, may be costly."""
        own = {id_ for id_, _ in items}
        claimed: set[Id | None] = set()
        is_known, first_right = self._first_right(group, own, claimed)
        self.inside += len(items) if claimed else 0
        if not is_known:
            return len(items)
        for _, right in items:
            if right in claimed or not (right in own or right == first_right):
                return len(items) + 1
            claimed.add(right)
        return 0

    def _first_right(
        self, group: Hashable, own: set[Id], claimed: set[Id | None]
    ) -> tuple[bool, Id | None]:
        """Return whether the first item of a group can be known, and its right origin.

        Inside a run the first item is the next one of the run: it is added to ``own``, and its
        right origin to ``claimed``.
        """
        if isinstance(group, _Start):
            parent = None if group.is_outside else group.parent
            return parent is not None and self._find(parent) is not None, None
        client, clock = cast("Id", group)
        runs = self._clients.get(client)
        index = -1 if runs is None else runs.find(clock)
        if runs is None or index < 0:
            return False, None
        right = runs.rights[index]
        if clock + 1 < runs.ends[index]:
            own.add((client, clock + 1))
            claimed.add(right)
        return True, right

    def _find(self, id_: Id) -> tuple[int, int] | None:
        runs = self._clients.get(id_[0])
        index = -1 if runs is None else runs.find(id_[1])
        return None if index < 0 else (id_[0], index)

    def _start_of(self, client: int, index: int) -> Hashable:
        """Return the start of the list that a run is in: of its parent, or of its neighbours'."""
        path = []
        start: Hashable = None
        while True:
            runs = self._clients[client]
            start = runs.parents[index]
            if start is _SOUGHT:  # damaged: items that refer to each other
                start = _Start(None, b"", is_outside=True)
            if start is not None:
                break
            runs.parents[index] = _SOUGHT
            path.append((runs, index))
            beside = runs.lefts[index] or runs.rights[index]
            found = None if beside is None else self._find(beside)
            if found is None:
                start = _Start(beside, b"", is_outside=True)
                break
            client, index = found
        for runs, passed in path:
            runs.parents[passed] = start
        return start


class _Start(NamedTuple):
    """The start of a list: a parent, and the name of a root or the key; or an id beside it."""

    parent: Id | None
    name: bytes
    is_outside: bool = False


def _read_parent(data: bytes, pos: int, info: int) -> tuple[_Start, int]:
    """Read the parent and the key that an item without origins names."""
    parent = None
    start = pos
    if data[pos]:
        pos = skip_text(data, pos + 1)
        name = data[start:pos]
    else:
        parent, pos = read_id(data, pos + 1)
        name = b""
    if info & HAS_PARENT_KEY:
        start = pos
        pos = skip_text(data, pos)
        name += b"\x00" + data[start:pos]
    return _Start(parent, name), pos


def _delete_ranges(update: bytes, pos: int) -> int:
    clients, pos = read_uint(update, pos)
    ranges = 0
    for _ in range(clients):
        _, pos = read_uint(update, pos)
        count, pos = read_uint(update, pos)
        ranges += count
        for _ in range(count * 2):
            _, pos = read_uint(update, pos)
    return ranges
