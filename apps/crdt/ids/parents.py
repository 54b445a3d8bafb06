"""Parents of structs: the element or text around a struct, which an update seldom names."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping

from apps.crdt.codec.structs import Id, RawStruct, structs_by_client


class ParentIndex:
    """The structs of a state or an update by their ids, with the parent of each."""

    def __init__(self, state: bytes) -> None:
        self._clients = structs_by_client(state)
        self._starts = {
            client: [struct.clock for struct in structs]
            for client, structs in self._clients.items()
        }
        self._parents: dict[Id, Id | None] = {}

    def by_client(self) -> Mapping[int, list[RawStruct]]:
        """Return the structs of each client, in order of their clocks."""
        return self._clients

    def structs(self) -> Iterator[RawStruct]:
        """Yield every struct."""
        for structs in self._clients.values():
            yield from structs

    def ancestors(self, id_: Id) -> Iterator[Id]:
        """Yield the ids of the elements and texts around a struct, the innermost first."""
        struct = self.find(id_)
        parent = None if struct is None else self.parent(struct)
        while parent is not None:
            yield parent
            struct = self.find(parent)
            parent = None if struct is None else self.parent(struct)

    def find(self, id_: Id) -> RawStruct | None:
        """Return the struct that has an id; None where the update does not reach back to it."""
        client, clock = id_
        starts = self._starts.get(client)
        if starts is None or clock < starts[0]:
            return None
        return self._clients[client][bisect_right(starts, clock) - 1]

    def parent(self, struct: RawStruct) -> Id | None:
        """Return the id of the element or text around a struct, None in a root type.

        The update names it for the first sibling only, so the chain of siblings is followed; it
        may be as long as the text.
        """
        chain: list[Id] = []
        current: RawStruct | None = struct
        parent: Id | None = None
        while current is not None:
            id_ = (current.client, current.clock)
            if id_ in self._parents:
                parent = self._parents[id_]
                break
            chain.append(id_)
            sibling = current.sibling
            if sibling is None:
                written = current.parent
                parent = None if isinstance(written, str) else written
                break
            current = self.find(sibling)
        for id_ in chain:
            self._parents[id_] = parent
        return parent
