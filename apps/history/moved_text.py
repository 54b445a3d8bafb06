"""Moved text: the copies of a log by what they are copies of, and which of them stand.

A *move* deletes content and inserts it again in one operation: a split, a join, another kind of
block. Where two operations deleted one id at one time (``apps.history.delete_index``), each copy of
it begins a *branch*, and copies of copies belong to the branch of their source.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from apps.crdt.codec.contents import STRING
from apps.crdt.codec.copy_map import CopiedRange
from apps.crdt.codec.structs import Id, RawStruct, Span
from apps.crdt.ids.id_ranges import NO_VALUE, IdRanges, Run, joined_runs
from apps.crdt.ids.utf16 import Utf16Text
from apps.history.attribution import AttributionIndex

#: Parts of copies that are compared with the deletes of one document, and copies that are followed.
#: Threat: a log of many copies of copies, or of text that was deleted letter by letter.
MAX_STEPS: Final = 100_000
#: Copies of one letter that others are compared with. Threat: a log of many copies of one letter.
MAX_COMPARED: Final = 20
_NOTHING: Final = IdRanges()

#: A part of an id range, with a value of each index.
_Part = tuple[int, int, tuple[int, ...]]


class TooManyCopiesError(Exception):
    """A log has more parts of copies than are compared in reasonable time."""


class StandingText:
    """The text of a state by its ids: what is not deleted."""

    def __init__(self, structs: Mapping[int, list[RawStruct]]) -> None:
        self._runs = {
            client: runs
            for client, own in structs.items()
            if (runs := [struct for struct in own if struct.kind == STRING])
        }

    def spans(self, client: int, first: int, end: int) -> Iterator[Span]:
        """Yield the standing parts of an id range."""
        for struct in self._structs(client, first, end):
            begin = max(first, struct.clock)
            yield (client, begin), min(end, struct.clock + struct.length) - begin

    def text(self, span: Span) -> str:
        """Return the standing text of an id range."""
        (client, first), length = span
        return "".join(
            Utf16Text(struct.text).slice(
                max(first - struct.clock, 0), min(first + length - struct.clock, struct.length)
            )
            for struct in self._structs(client, first, first + length)
        )

    def _structs(self, client: int, first: int, end: int) -> Iterator[RawStruct]:
        runs = self._runs.get(client, [])
        position = max(bisect_right(runs, first, key=lambda struct: struct.clock) - 1, 0)
        for index in range(position, len(runs)):
            if runs[index].clock >= end:
                return
            if runs[index].clock + runs[index].length > first:
                yield runs[index]


class Branch(NamedTuple):
    """Copies of ids that two operations deleted at one time.

    ``shift`` leads from a copied clock to that of the deleted id, which is of ``client``. ``mover``
    is the op index of the operation that began the branch.
    """

    client: int
    shift: int
    mover: int


class Piece(NamedTuple):
    """Standing text of a branch, and the clock of the deleted id that its first id copies."""

    span: Span
    source: int
    branch: Branch

    @property
    def source_end(self) -> int:
        """Return the clock behind the deleted ids."""
        return self.source + self.span[1]

    def part(self, first: int, end: int) -> Span:
        """Return the copies of the deleted ids from one clock to before another."""
        (client, clock), _ = self.span
        return (client, clock + first - self.source), end - first


class MovedText:
    """The moves and branches of a log. Raises ``TooManyCopiesError``."""

    def __init__(self, index: AttributionIndex, standing: StandingText) -> None:
        self._index = index
        self._standing = standing
        self._copies = index.copies.copies
        self._branches: list[Branch] = []
        #: By client: moved ids, with the number of their first copy; copies, with the number of
        #: their branch; and copied ids, whatever their branch.
        self._moves: dict[int, IdRanges] = {}
        self._branch_numbers: dict[int, IdRanges] = {}
        self._copied: dict[int, IdRanges] = {}
        #: By client, deleted ids that were inserted again: by their first deleter, by the second
        #: one, by others.
        self._movers: tuple[dict[int, IdRanges], ...] = ({}, {}, {})
        self._steps = MAX_STEPS
        for number, copied in enumerate(self._copies):
            self._add(number, copied)
        self._steps = MAX_STEPS

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise TooManyCopiesError

    def _add(self, number: int, copied: CopiedRange) -> None:
        inserter = next(self._index.inserters(*copied[:3])).value
        source = copied.source_client, copied.source_clock, copied.length
        shift = copied.source_clock - copied.clock
        _put(self._copied, copied.client, copied.clock, copied.end, number)
        runs = joined_runs(
            self._index.deleters(*source),
            self._index.deletes.second_runs(*source),
            _runs(self._branch_numbers, *source),
        )
        for first, end, (deleter, second, source_branch) in _all(runs, self._step):
            is_move = inserter in (deleter, second)
            if is_move:
                _put(self._moves, copied.source_client, first, end, number)
            if second != NO_VALUE:
                which = 0 if inserter == deleter else 1 if inserter == second else 2
                _put(self._movers[which], copied.source_client, first, end, number)
            if source_branch != NO_VALUE:
                source_of = self._branches[source_branch]
                mover = source_of.mover if second == NO_VALUE else inserter
                branch = Branch(source_of.client, source_of.shift + shift, mover)
            elif second != NO_VALUE:
                branch = Branch(copied.source_client, shift, inserter)
            else:
                continue
            own = first - shift, end - shift
            _put(self._branch_numbers, copied.client, *own, len(self._branches))
            self._branches.append(branch)

    # --- standing text ---

    def pieces(self) -> Iterator[Piece]:
        """Yield the standing text of all branches."""
        for client, numbers in self._branch_numbers.items():
            rows = zip(numbers.starts, numbers.ends, numbers.values, strict=True)
            for first, end, number in rows:
                branch = self._branches[number]
                for span in self._standing.spans(client, first, end):
                    yield Piece(span, span[0][1] + branch.shift, branch)

    def pairs(self) -> Iterator[tuple[Piece, Piece]]:
        """Yield pieces of two branches, made by different operations, that are copies of one id."""
        begun: list[Piece] = []
        for piece in sorted(self.pieces(), key=_by_source):
            begun = [
                other
                for other in begun
                if other.branch.client == piece.branch.client and other.source_end > piece.source
            ]
            for other in begun:
                if other.branch.mover != piece.branch.mover:
                    yield other, piece
            if len(begun) < MAX_COMPARED:
                begun.append(piece)

    def erased_moves(self) -> Iterator[tuple[Span, int, int]]:
        """Yield standing text that one of two operations at one time moved and the other erased.

        With the op indexes of the one that moved it and of the other one. What was brought back
        besides is left out.
        """
        for client, seconds in self._index.deletes.seconds.items():
            rows = zip(seconds.starts, seconds.ends, seconds.values, strict=True)
            for first, end, second in rows:
                ids = client, first, end - first
                movers = (_runs(by_client, *ids) for by_client in self._movers)
                for begin, upto, (deleter, *numbers) in joined_runs(
                    self._index.deleters(*ids), *movers
                ):
                    self._step()
                    if [number == NO_VALUE for number in numbers].count(False) != 1:
                        continue
                    if numbers[2] != NO_VALUE:
                        continue
                    is_first = numbers[0] != NO_VALUE
                    mover, other = (deleter, second) if is_first else (second, deleter)
                    for span in self.standing_copies(client, begin, upto):
                        yield span, mover, other

    def standing_copies(self, client: int, first: int, end: int) -> Iterator[Span]:
        """Yield what stands of an id range, wherever it was moved to."""
        ranges = [(client, first, end)]
        while ranges and self._steps > 0:
            self._steps -= 1
            client, first, end = ranges.pop()
            yield from self._standing.spans(client, first, end)
            for run in _runs(self._moves, client, first, end - first):
                if run.value != NO_VALUE:
                    copied = self._copies[run.value]
                    shift = copied.clock - copied.source_clock
                    ranges.append((copied.client, run.first + shift, run.end + shift))

    # --- single ids ---

    def move_of(self, id_: Id) -> CopiedRange | None:
        """Return the copies that a move of an id made; None where it was not moved."""
        number = self._moves.get(id_[0], _NOTHING).value(id_[1])
        return None if number == NO_VALUE else self._copies[number]

    def is_copy(self, id_: Id) -> bool:
        """Return whether an id was inserted as a copy."""
        return self._copied.get(id_[0], _NOTHING).value(id_[1]) != NO_VALUE

    def is_moved(self, id_: Id) -> bool:
        """Return whether an id was inserted by a move."""
        number = self._copied.get(id_[0], _NOTHING).value(id_[1])
        if number == NO_VALUE:
            return False
        copied = self._copies[number]
        source = copied.source_client, copied.source_clock + id_[1] - copied.clock
        return self._moves.get(source[0], _NOTHING).value(source[1]) == number


def _all(runs: Iterator[_Part], step: Callable[[], None]) -> list[_Part]:
    """Return what an iterator yields, before anything that it reads is changed."""
    found = []
    for run in runs:
        step()
        found.append(run)
    return found


def _put(by_client: dict[int, IdRanges], client: int, first: int, end: int, number: int) -> None:
    by_client.setdefault(client, IdRanges()).add(first, end, number)


def _runs(by_client: Mapping[int, IdRanges], client: int, clock: int, length: int) -> Iterator[Run]:
    return by_client.get(client, _NOTHING).runs(clock, clock + length)


def _by_source(piece: Piece) -> tuple[int, int]:
    return piece.branch.client, piece.source
