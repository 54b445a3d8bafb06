"""The structure guard: refuses structures that break the engine, before the engine gets them.

Both kinds depend on what the document has, so the strict reader cannot see them in one update:

- Shared types that nest too deep. The engine recurses when it deletes, and with a stack of 8 MiB
  the process dies at somewhat over 30,000 levels (ADR 0001). One update can add that many levels,
  or many updates one level each.
- Content of several clocks under one key. An item with a neighbour takes the neighbour's key.
  Content put behind the middle of such an item hides half of it from its parent; when the parent
  is deleted, that half stays, and the engine reads freed memory.

As the log is replayed, one such operation would kill every server that loads the document.
"""

from typing import Final

from apps.core.errors import LimitExceededError
from apps.crdt.codec.contents import ANY, STRING, TYPE, refuse
from apps.crdt.codec.update_reader import UpdateHeader, all_deleted
from apps.crdt.engine.base import EngineDocument
from apps.crdt.ids.containers import ContainerIndex

#: How deep shared types may nest in a document. A list item costs two or three levels.
MAX_NESTING: Final = 1_000
#: Bytes of applied updates that wait to be indexed. Larger ones would make one update expensive.
MAX_WAITING_BYTES: Final = 64 * 1024


class NestingTooDeepError(LimitExceededError):
    """The update would nest shared types deeper than ``MAX_NESTING``."""

    code = "nesting_too_deep"


class StructureGuard:
    """Keeps the structure of one document within what the engine can process.

    The index of the document is made for the first update that needs it, from the document's
    state; afterwards it grows with each update, so an update costs its own size. A keystroke needs
    no index: it is only noted, and indexed with the next update that does.
    """

    __slots__ = ("_index", "_waiting", "_waiting_bytes")

    def __init__(self, index: ContainerIndex | None = None) -> None:
        self._index = index
        #: Applied updates that the index lacks.
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    @property
    def waiting_bytes(self) -> int:
        """Return the size of the applied updates that are not indexed yet."""
        return self._waiting_bytes

    def check(self, header: UpdateHeader, update: bytes, document: EngineDocument) -> None:
        """Call before ``document.apply(update)``.

        Raises ``NestingTooDeepError`` or ``MalformedUpdateError``.
        """
        if not header.types and not header.may_inherit_key:
            return
        index = self._current_index(document)
        depth = 0
        keyed: list[tuple[int, int, int]] = []
        for placement, container in index.containers(update):
            if placement.kind == TYPE:
                depth = max(depth, container.level + 1)
            elif container.keyed and placement.kind in (STRING, ANY) and placement.length > 1:
                keyed.append((placement.client, placement.clock, placement.end))
        if depth > MAX_NESTING:
            raise NestingTooDeepError(
                "The document's structure is nested too deep.",
                extra={"limit": "nesting", "value": MAX_NESTING},
            )
        if not all_deleted(keyed, header.deletes):
            refuse("The update has several values at once under one key.")

    def values(self, document: EngineDocument, *, up_to: int, size_bytes: int) -> int:
        """Return how many values stand in lists of a document of about ``size_bytes``.

        Where there cannot be more than ``up_to``, the index is left as it is.
        """
        known = size_bytes if self._index is None else self._index.values + self._waiting_bytes
        return known if known <= up_to else self._current_index(document).values

    def add(self, update: bytes, *, later: bool = False) -> None:
        """Call after an update has been applied, or was in the log and could not be refused.

        With ``later``, ``add_waiting`` has to be called soon.
        """
        if self._index is None:  # which will be made from the whole state
            return
        self._waiting.append(update)
        self._waiting_bytes += len(update)
        if self._waiting_bytes > MAX_WAITING_BYTES and not later:
            self._add_waiting(self._index)

    def add_waiting(self) -> None:
        """Index the updates that wait."""
        if self._index is not None:
            self._add_waiting(self._index)

    def _current_index(self, document: EngineDocument) -> ContainerIndex:
        if self._index is None:
            self._index = ContainerIndex.of_state(document.encode())
        self._add_waiting(self._index)
        return self._index

    def _add_waiting(self, index: ContainerIndex) -> None:
        for update in self._waiting:
            index.add(update)
        self._waiting.clear()
        self._waiting_bytes = 0
