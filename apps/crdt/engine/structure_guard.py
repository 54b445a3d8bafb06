"""The structure guard: refuses structures that break the engine or the editor's pages.

What it refuses depends on what the document has, so the strict reader cannot see it in one update:

- Shared types that nest too deep. The engine recurses when it deletes, and with a stack of 8 MiB
  the process dies at somewhat over 30,000 levels (ADR 0001). One update can add that many levels,
  or many updates one level each.
- Content of several clocks under one key. An item with a neighbour takes the neighbour's key.
  Content put behind the middle of such an item hides half of it from its parent; when the parent
  is deleted, that half stays, and the engine reads freed memory.
- Items where the editor's binding throws, and items in what is no shared type
  (``apps.crdt.engine.content_rules``).

As the log is replayed, one such operation would kill every server that loads the document, or stop
every page that opens it. Operations of the log itself are never refused.
"""

from collections.abc import Mapping
from typing import Final

from apps.core.errors import LimitExceededError
from apps.crdt.codec.contents import ANY, STRING, TYPE, refuse
from apps.crdt.codec.lib0 import encode_var_uint
from apps.crdt.codec.update_checks import all_deleted
from apps.crdt.codec.update_reader import NEVER_KEYED, UpdateHeader
from apps.crdt.codec.vectors import Clocks
from apps.crdt.engine.base import EngineDocument
from apps.crdt.engine.content_rules import check_content
from apps.crdt.engine.placements import TypedRun
from apps.crdt.ids.containers import FREE, INSIDE_TEXT, ContainerIndex
from apps.crdt.ids.neighbours import OriginIndex
from apps.crdt.ids.placement import Placement

#: How deep shared types may nest in a document. A list item costs two or three levels.
MAX_NESTING: Final = 1_000
#: Bytes of applied updates that wait to be indexed. Larger ones would make one update expensive.
MAX_WAITING_BYTES: Final = 32 * 1024
#: Clients whose last characters are remembered. Threat: invented clients that fill the memory.
MAX_TAILS: Final = 1_000


#: The end of a client's clocks, and the right origin of what is before it as it is written.
_Tail = tuple[int, bytes]


class NestingTooDeepError(LimitExceededError):
    """The update would nest shared types deeper than ``MAX_NESTING``."""

    code = "nesting_too_deep"


class StructureGuard:
    """Keeps the structure of one document within what the engine can process.

    The index of the document is made for the first update that needs it, from the document's
    state; afterwards it grows with each update, so an update costs its own size. Typing needs no
    index: characters behind the last ones of their client are where those are. Only their clocks
    are noted, and indexed with the next update that needs the index.
    """

    __slots__ = (
        "_checked",
        "_checked_bytes",
        "_checked_tails",
        "_index",
        "_is_exact",
        "_runs",
        "_tails",
        "_typed",
        "_waiting",
        "_waiting_bytes",
        "has_non_neighbours",
    )

    def __init__(self, index: ContainerIndex | None = None) -> None:
        self._index = index
        #: Whether the ids of the index are those of the log. After an edit inside a surrogate pair
        #: the engine counts ids wrongly (ADR 0001), and honest edits would be refused.
        self._is_exact = True
        #: Whether an item of the update that was checked last is between two ids that were never
        #: neighbours, so that another order of the structs may show it at another place.
        self.has_non_neighbours = False
        #: Client to its end and its right origin as it is written, if its last clock is a character
        #: in a text.
        self._tails: dict[int, _Tail] = {}
        #: The update that was checked last, its size, and what it changes in ``_tails``: None where
        #: a client has no such end after it. ``_typed`` has the clocks of typed text.
        self._checked: bytes | None = None
        self._checked_bytes = 0
        self._checked_tails: dict[int, _Tail | None] = {}
        self._typed: tuple[int, int, int, bytes] | None = None
        #: What the index lacks: applied updates, and in place of typed text its clocks.
        self._waiting: list[bytes | TypedRun] = []
        self._waiting_bytes = 0
        #: The runs among them, by client. The next check of other content ends them all: it indexes
        #: what waits.
        self._runs: dict[int, TypedRun] = {}

    @property
    def waiting_bytes(self) -> int:
        """Return the size of the applied updates that are not indexed yet."""
        return self._waiting_bytes

    def check(
        self,
        header: UpdateHeader,
        update: bytes,
        document: EngineDocument,
        vector: Clocks | None = None,
    ) -> None:
        """Call before ``document.apply(update)``; ``vector`` is that of the log until then.

        Raises ``NestingTooDeepError`` or ``MalformedUpdateError``.
        """
        self._checked, self._checked_bytes = update, header.size
        self.has_non_neighbours = False
        if header.typed is not None:
            client, first, _, right = header.typed
            if client in self._tails and self._tails[client] == (first, right):
                # New characters behind the last one of their client: in the same text.
                self._typed = header.typed
                return
        self._typed = None
        self._checked_tails = dict.fromkeys(header.ranges)
        if header.ranges:
            self._check_structs(header, update, self._current_index(document, vector))

    def _check_structs(self, header: UpdateHeader, update: bytes, index: ContainerIndex) -> None:
        depth = 0
        keyed: list[tuple[int, int, int]] = []
        origins = OriginIndex(index.origins)
        for placement, container in index.containers(update):
            if placement.kind == TYPE:
                depth = max(depth, container.level + 1)
            elif container.keyed and placement.kind in NEVER_KEYED:
                refuse("The update has text under a key.")
            elif container.keyed and placement.kind == ANY and placement.length > 1:
                keyed.append((placement.client, placement.clock, placement.end))
            if self._is_exact:
                check_content(update, placement, container)
                if not origins.are_neighbours(placement):
                    self.has_non_neighbours = True
                origins.add(placement)
            in_text = container.kind in (FREE, INSIDE_TEXT) and not container.keyed
            is_character = placement.kind == STRING and in_text
            self._checked_tails[placement.client] = _tail_of(placement) if is_character else None
        if depth > MAX_NESTING:
            raise NestingTooDeepError(
                "The document's structure is nested too deep.",
                extra={"limit": "nesting", "value": MAX_NESTING},
            )
        if not all_deleted(keyed, header.deletes):
            refuse("The update has several values at once under one key.")

    def values(
        self,
        document: EngineDocument,
        vector: Clocks | None = None,
        *,
        up_to: int,
        size_bytes: int,
    ) -> int:
        """Return how many values stand in lists of a document of about ``size_bytes``.

        Where there cannot be more than ``up_to``, the index is left as it is.
        """
        known = size_bytes if self._index is None else self._index.values + self._waiting_bytes
        return known if known <= up_to else self._current_index(document, vector).values

    def add_waiting(self) -> None:
        """Index the updates that wait."""
        if self._index is not None:
            self._add_waiting(self._index)

    def add(
        self, update: bytes, header: UpdateHeader | None = None, *, later: bool = False
    ) -> None:
        """Call after an update has been applied; with ``later`` call ``add_waiting`` soon.

        With its header if it was in the log, so that it could not be refused and was not checked.
        Where another update was checked since, the ends of all clients are looked up again.
        """
        if header is not None:
            self._checked_bytes = header.size
            self._set_tails(dict.fromkeys(header.ranges))
        elif self._checked is not update:
            self._checked_bytes = len(update)
            self._tails.clear()
        elif self._typed is not None:
            client, first, end, right = self._typed
            self._tails[client] = (end, right)
            run = self._runs.get(client)
            if run is not None:
                run.end = end
            elif self._index is not None:
                run = self._runs[client] = TypedRun(client, first, end)
                self._wait(run, self._index, later=later)
            return
        else:
            self._set_tails(self._checked_tails)
            self._checked_tails = {}
        if self._index is not None:  # otherwise it will be made from the whole state
            self._wait(update, self._index, later=later)

    def _wait(self, entry: bytes | TypedRun, index: ContainerIndex, *, later: bool) -> None:
        self._waiting.append(entry)
        self._waiting_bytes += self._checked_bytes
        if self._waiting_bytes > MAX_WAITING_BYTES and not later:
            self._add_waiting(index)

    def _set_tails(self, tails: Mapping[int, _Tail | None]) -> None:
        if len(self._tails) >= MAX_TAILS:
            self._tails.clear()
        for client, tail in tails.items():
            if tail is None:
                self._tails.pop(client, None)
            else:
                self._tails[client] = tail

    def _current_index(self, document: EngineDocument, vector: Clocks | None) -> ContainerIndex:
        if self._index is None:
            self._index = ContainerIndex.of_state(document.encode())
            self._is_exact = vector is None or all(
                vector.get(client, 0) == end for client, end in self._index.ends().items()
            )
        self._add_waiting(self._index)
        return self._index

    def _add_waiting(self, index: ContainerIndex) -> None:
        for entry in self._waiting:
            if isinstance(entry, TypedRun):
                index.add_beside(entry.client, entry.start, entry.end)
            else:
                index.add(entry)
        self._waiting.clear()
        self._waiting_bytes = 0
        self._runs.clear()


def _tail_of(placement: Placement) -> _Tail:
    """Return the end of a struct with its right origin."""
    right = placement.right_origin
    return placement.end, b"" if right is None else b"".join(map(encode_var_uint, right))
