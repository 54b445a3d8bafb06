"""Character counts: how many characters each operation of a log inserted and deleted.

Yjs gives an id to each character (UTF-16 unit) and to everything else: elements, marks and
attributes. The ids that are no characters are stored, because they are few.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from apps.crdt.codec.contents import STRING
from apps.crdt.codec.structs import RawStruct
from apps.crdt.ids.id_ranges import IdRanges


class CharacterCounts:
    """Two counts per operation, by operation index, and the ids that are no characters."""

    def __init__(self) -> None:
        self.added: list[int] = []
        self.removed: list[int] = []
        self._others: dict[int, IdRanges] = {}

    def add_structs(self, client: int, structs: Iterable[RawStruct], *, known: int) -> int:
        """Add structs of a client; return how many characters they have from clock ``known`` on."""
        characters = 0
        for struct in structs:
            first, end = max(struct.clock, known), struct.clock + struct.length
            if first >= end:
                continue
            if struct.kind == STRING:
                characters += end - first
            else:
                self._others.setdefault(client, IdRanges()).add(first, end, 0)
        return characters

    def add_state(self, structs: Mapping[int, Iterable[RawStruct]]) -> None:
        """Add a whole state, whose operations have lost their content."""
        for client, own_structs in structs.items():
            self.add_structs(client, own_structs, known=0)

    def count(self, client: int, ranges: Iterable[tuple[int, int]]) -> int:
        """Return how many ids of a client's ranges ``(first, end)`` are characters."""
        others = self._others.get(client)
        return sum(
            end - first - (0 if others is None else others.count(first, end))
            for first, end in ranges
        )

    def add_operation(self, added: int, removed: int) -> None:
        """Add the counts of the next operation."""
        self.added.append(added)
        self.removed.append(removed)

    def to_json(self) -> list[Any]:
        """Return the counts as JSON values."""
        others = {
            str(client): [ranges.starts, ranges.ends, ranges.values]
            for client, ranges in self._others.items()
        }
        return [self.added, self.removed, others]

    @classmethod
    def from_json(cls, values: Sequence[Any]) -> Self:
        """Return the counts that ``to_json`` returned."""
        counts = cls()
        counts.added, counts.removed, others = values
        counts._others = {int(client): IdRanges(*ranges) for client, ranges in others.items()}
        return counts
