"""Which element or text each struct of a document stands in; an update says it of few of them."""

from bisect import bisect_right
from collections.abc import Iterator

from apps.crdt.codec.structs import Id
from apps.crdt.codec.update_reader import Struct, read_structs


class ParentIndex:
    """Which element or text each struct of a whole state stands in."""

    def __init__(self, state: bytes) -> None:
        self._clients = read_structs(state)
        self._starts = {
            client: [struct.clock for struct in structs]
            for client, structs in self._clients.items()
        }
        self._parents: dict[Id, Id | None] = {}

    def structs(self) -> Iterator[Struct]:
        """Yield every struct."""
        for structs in self._clients.values():
            yield from structs

    def ancestors(self, id_: Id) -> Iterator[Id]:
        """Yield the ids of what a struct stands in, the innermost first."""
        struct = self._find(id_)
        parent = None if struct is None else self._parent(struct)
        while parent is not None:
            yield parent
            struct = self._find(parent)
            parent = None if struct is None else self._parent(struct)

    def _find(self, id_: Id) -> Struct | None:
        client, clock = id_
        starts = self._starts.get(client)
        if starts is None or clock < starts[0]:
            return None
        return self._clients[client][bisect_right(starts, clock) - 1]

    def _parent(self, struct: Struct) -> Id | None:
        """Return what a struct stands in: its sibling's parent. The chain is as long as a text."""
        chain: list[Id] = []
        at: Struct | None = struct
        parent: Id | None = None
        while at is not None:
            known = (at.client, at.clock)
            if known in self._parents:
                parent = self._parents[known]
                break
            chain.append(known)
            if at.inside or at.anchor is None:
                parent = at.anchor
                break
            at = self._find(at.anchor)
        for each in chain:
            self._parents[each] = parent
        return parent
