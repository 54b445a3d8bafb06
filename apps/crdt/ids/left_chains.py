"""The left origins of an update's items, followed from one to the next: what stands before an id.

An item stands behind its left origin, so each id of such a chain stands before the one that the
chain began with.
"""

from bisect import bisect_right
from typing import Final

from apps.crdt.codec.structs import GAPS, Id, RawStruct, structs_by_client

#: Steps along the chains of one update. Threat: an update of long chains that are followed again
#: and again.
MAX_STEPS: Final = 1_000


class LeftChains:
    """The chains of one update."""

    def __init__(self, update: bytes) -> None:
        self._update = update
        self._clients: dict[int, list[RawStruct]] | None = None
        self._steps = MAX_STEPS

    def reaches(self, start: Id, end: Id) -> bool:
        """Return whether ``end`` is in the chain of ``start``, as far as the update has it."""
        current: Id | None = start
        while current is not None and self._steps:
            self._steps -= 1
            struct = self._find(current)
            if struct is None:
                return False
            if struct.client == end[0] and struct.clock <= end[1] <= current[1]:
                return True
            current = struct.origins[0]
            if current == end:
                return True
        return False

    def _find(self, id_: Id) -> RawStruct | None:
        if self._clients is None:
            self._clients = structs_by_client(self._update)
        structs = self._clients.get(id_[0], [])
        index = bisect_right(structs, id_[1], key=lambda struct: struct.clock) - 1
        struct = structs[index] if index >= 0 else None
        is_in = struct is not None and id_[1] < struct.clock + struct.length
        return struct if is_in and struct is not None and struct.kind not in GAPS else None
