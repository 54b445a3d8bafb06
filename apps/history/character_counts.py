"""How many letters each operation of a log brought and deleted, beside the clocks of both.

Clocks are those of letters, as Yjs counts them (UTF-16 units), and of all else: elements, marks,
attributes. What is not a letter is remembered, for there is little of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from apps.crdt.codec.contents import STRING
from apps.crdt.codec.update_reader import Struct
from apps.crdt.ids.id_ranges import IdRanges


class CharacterCounts:
    """Two counts for each operation, by its number, and the clocks that are no letters."""

    def __init__(self) -> None:
        self.added: list[int] = []
        self.removed: list[int] = []
        self._others: dict[int, IdRanges] = {}

    def bring(self, client: int, structs: Iterable[Struct], *, known: int) -> int:
        """Take structs of a client; return how many letters they have from clock ``known`` on."""
        letters = 0
        for struct in structs:
            first, end = max(struct.clock, known), struct.clock + struct.length
            if first >= end:
                continue
            if struct.kind == STRING:
                letters += end - first
            else:
                self._others.setdefault(client, IdRanges()).take(first, end, 0)
        return letters

    def take_state(self, structs: Mapping[int, Iterable[Struct]]) -> None:
        """Take a whole state, of operations of which nothing else says what they brought."""
        for client, own in structs.items():
            self.bring(client, own, known=0)

    def count(self, client: int, runs: Iterable[tuple[int, int]]) -> int:
        """Return how many of a client's clocks, as runs ``(first, end)``, are letters."""
        others = self._others.get(client)
        return sum(
            end - first - (0 if others is None else others.count(first, end)) for first, end in runs
        )

    def note(self, added: int, removed: int) -> None:
        """Keep the counts of the next operation."""
        self.added.append(added)
        self.removed.append(removed)

    def to_json(self) -> list[Any]:
        """Return all of it as JSON has it."""
        others = {
            str(client): [runs.starts, runs.ends, runs.numbers]
            for client, runs in self._others.items()
        }
        return [self.added, self.removed, others]

    @classmethod
    def from_json(cls, whole: Sequence[Any]) -> Self:
        """Read what ``to_json`` made."""
        letters = cls()
        letters.added, letters.removed, others = whole
        letters._others = {int(client): IdRanges(*runs) for client, runs in others.items()}
        return letters
