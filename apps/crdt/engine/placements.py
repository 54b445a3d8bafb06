"""The placements of an update's items: which of them the engine may find only after many steps.

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


class TypedRun:
    """Text that a client has typed behind its last item: clocks ``start`` to before ``end``.

    ``right`` is the right origin of it all, as it is written: empty for none.
    """

    __slots__ = ("client", "end", "right", "start")

    def __init__(self, client: int, start: int, end: int, right: bytes = b"") -> None:
        self.client = client
        self.start = start
        self.end = end
        self.right = right


def placements_of(updates: Iterable[bytes | TypedRun], tails: Tails | None = None) -> Placements:
    """Return the extent of updates that follow one another; ``tails``, what was before, stays.

    Only for updates that ``apps.crdt.codec.update_reader.read_update`` has read, or that the engine
    has written.
    """
    survey = _Survey(tails or {})
    for update in updates:
        if isinstance(update, TypedRun):
            survey.add_run(update)
        else:
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

    def add_run(self, run: TypedRun) -> None:
        """Add typed text. Its blocks were counted as it came."""
        runs = self._clients.setdefault(run.client, _Runs())
        right = read_id(run.right, 0)[0] if run.right else None
        if runs.ends and runs.ends[-1] == run.start:
            runs.ends[-1] = run.end
        else:
            runs.add(run.start, run.end, (run.client, run.start - 1), right, None)
        self.tails[run.client] = run.end, right

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
