"""Copies: content that an operation inserted again, checked against the log (ADR 0016).

The copy map of an operation is a claim of its author. It counts where the log has the source, the
source was deleted by then, and both have the same content. The rest of it is dropped: the
letters belong to the author of the operation.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from apps.crdt.codec.contents import DELETED, STRING
from apps.crdt.codec.copy_map import CopiedRange, copy_map_decode
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.structs import GAPS, RawStruct
from apps.crdt.ids.id_ranges import NO_VALUE, IdRanges, Run

#: Structs of one update by client, in order of their clocks.
Structs = Mapping[int, Sequence[RawStruct]]
#: Returns the structs of the operations with some op indexes, in rising order of the indexes.
ReadStructs = Callable[[Sequence[int]], Iterator[tuple[Iterable[int], Structs]]]

_WITHOUT_CONTENT: Final = frozenset({*GAPS, DELETED})


class _Texts:
    """The text of structs as UTF-16; the last one is kept, since neighbours are read in order."""

    def __init__(self) -> None:
        self._last: tuple[RawStruct | None, bytes] = (None, b"")

    def of(self, struct: RawStruct) -> bytes:
        """Return two bytes for each clock of a string."""
        if self._last[0] is not struct:
            self._last = struct, struct.text.encode("utf-16-le")
        return self._last[1]


class ContentDigest:
    """The digest of the content of an id range, however it is cut into structs."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._units = 0
        self._is_missing = False

    def add(self, structs: Sequence[RawStruct], first: int, end: int, texts: _Texts) -> None:
        """Add the content of the clocks from ``first`` to before ``end``, in rising order.

        Costs the content of the range, whatever is around it.
        """
        position = max(bisect_right(structs, first, key=_clock) - 1, 0)
        for index in range(position, len(structs)):
            struct = structs[index]
            if struct.clock >= end:
                break
            begin, upto = max(first, struct.clock), min(end, struct.clock + struct.length)
            if begin < upto:
                self._add(struct, begin - struct.clock, upto - struct.clock, texts)

    def _add(self, struct: RawStruct, first: int, end: int, texts: _Texts) -> None:
        self._units += end - first
        if struct.kind == STRING:
            self._hash.update(texts.of(struct)[2 * first : 2 * end])
        elif struct.kind in _WITHOUT_CONTENT or end - first < struct.length:
            self._is_missing = True
        else:
            content = struct.content
            size = len(content).to_bytes(4)
            self._hash.update(b"\xff\xff" + bytes((struct.kind,)) + size + content)

    def result(self, units: int) -> bytes | None:
        """Return the digest of the content of so many ids; None where some are without content."""
        return None if self._is_missing or self._units != units else self._hash.digest()


@dataclass(slots=True)
class Claim:
    """One range of a copy map that fits the log, until its content is compared.

    ``op_index`` is that of the operation that claims it; ``sources`` are the operations that
    inserted the source, with the clocks of each, in order; ``content`` is the digest of the copy.
    """

    copied: CopiedRange
    op_index: int
    sources: list[tuple[int, int, int]]
    content: bytes


def claims_check(claims: Sequence[Claim], read: ReadStructs) -> list[Claim]:
    """Return the claims whose source has the content of the copy.

    Reads each operation of a source once: the cost is that of the log, however many claims there
    are.
    """
    digests = [ContentDigest() for _ in claims]
    wanted: dict[int, list[tuple[int, int, int]]] = {}
    for number, claim in enumerate(claims):
        for op_index, first, end in claim.sources:
            wanted.setdefault(op_index, []).append((number, first, end))
    texts = _Texts()
    for op_indexes, structs in read(sorted(wanted)):
        for op_index in op_indexes:
            in_order = sorted(
                (claims[number].copied.source_client, first, end, number)
                for number, first, end in wanted[op_index]
            )
            for client, first, end, number in in_order:
                digests[number].add(structs.get(client, ()), first, end, texts)
    return [
        claim
        for claim, digest in zip(claims, digests, strict=True)
        if digest.result(claim.copied.length) == claim.content
    ]


#: Yields the runs of ids, ``(client, clock, length)``, with the op index that did something first.
RunsOf = Callable[[int, int, int], Iterator[Run]]
#: The copies of a client that has none.
_NOTHING: Final = IdRanges()


class CopyIndex:
    """The copies of a log that were checked, and the first writer of each.

    ``inserters`` and ``deleters`` are those of the attribution index.
    """

    def __init__(self, inserters: RunsOf, deleters: RunsOf) -> None:
        self._inserters = inserters
        self._deleters = deleters
        #: In the order of the log.
        self.copies: list[CopiedRange] = []
        #: By client, the copied ids; the value is the op index of their first writer.
        self._writers: dict[int, IdRanges] = {}
        #: Claims that are not checked yet.
        self._claims: list[Claim] = []
        #: By client, copies that were checked before the log was compacted, in order.
        self._known: dict[int, list[CopiedRange]] = {}

    @property
    def is_empty(self) -> bool:
        """Return whether there are no copies, and none to come."""
        return not self.copies and not self._known

    # --- before a compaction point ---

    def add_known(self, copies: Iterable[CopiedRange]) -> None:
        """Add what was checked before the log was compacted: its sources may be gone."""
        self._known = {}
        for copied in sorted(copies):
            self._known.setdefault(copied.client, []).append(copied)

    def add_compacted(self, ranges: Mapping[int, Sequence[tuple[int, int]]]) -> None:
        """Add the known copies among the ids that a compacted operation inserted."""
        for client, runs in ranges.items() if self._known else ():
            for first, end in runs:
                for copied in self._known_in(client, first, end):
                    self._add(copied)

    def has_known(self, ranges: Mapping[int, Sequence[tuple[int, int]]]) -> bool:
        """Return whether some ids that a compacted operation inserted are known copies."""
        return bool(self._known) and any(
            self._known_in(client, first, end)
            for client, runs in ranges.items()
            for first, end in runs
        )

    def _known_in(self, client: int, first: int, end: int) -> list[CopiedRange]:
        known = self._known.get(client, [])
        return known[bisect_left(known, first, key=_start) : bisect_left(known, end, key=_start)]

    # --- the log ---

    def add_claims(self, copies: bytes, structs: Structs, op_index: int) -> None:
        """Add the ranges of an operation's copy map that fit the log, to be checked later.

        ``structs`` are the operation's, which has been added to the attribution index.
        """
        end, texts = (-1, 0), _Texts()
        for copied in sorted(_ranges(copies)):
            if (copied.client, copied.clock) < end:
                continue  # claimed twice
            end = copied.client, copied.end
            # The content first: it has as many bytes as ids at least, which bounds the rest.
            digest = ContentDigest()
            digest.add(structs.get(copied.client, ()), copied.clock, copied.end, texts)
            content = digest.result(copied.length)
            sources = None if content is None else self._sources(copied, op_index)
            if content is not None and sources is not None:
                self._claims.append(Claim(copied, op_index, sources, content))

    def _sources(self, copied: CopiedRange, op_index: int) -> list[tuple[int, int, int]] | None:
        """Return which operations inserted the source of a copy; None where it cannot be one.

        The operation has the new ids, the log had the source before, and it is deleted by now.
        """
        if any(run.value != op_index for run in self._inserters(*copied[:3])):
            return None
        source = copied.source_client, copied.source_clock, copied.length
        if any(run.value == NO_VALUE for run in self._deleters(*source)):
            return None
        is_before = copied.source_client == copied.client and copied.source_end <= copied.clock
        runs = list(self._inserters(*source))
        if any(run.value == NO_VALUE or (run.value == op_index and not is_before) for run in runs):
            return None
        return [(run.value, run.first, run.end) for run in runs]

    def check_claims(self, read: ReadStructs) -> None:
        """Compare the content of the claimed copies with that of their sources."""
        claims, self._claims = self._claims, []
        known = {copied for copies in self._known.values() for copied in copies}
        unknown = [claim for claim in claims if claim.copied not in known]
        checked = {claim.copied for claim in claims_check(unknown, read)} if unknown else set()
        for claim in claims:
            if claim.copied in known or claim.copied in checked:
                self._add(claim.copied)

    def _add(self, copied: CopiedRange) -> None:
        """Add a copy; its source, if that is a copy itself, was added before."""
        self.copies.append(copied)
        own = self._writers.setdefault(copied.client, IdRanges())
        offset = copied.clock - copied.source_clock
        source = copied.source_client, copied.source_clock, copied.length
        for first, end, op_index in list(self.writers(*source)):
            own.add(first + offset, end + offset, op_index)

    # --- first writers ---

    def writers(self, client: int, clock: int, length: int) -> Iterator[Run]:
        """Yield the runs of ids that one operation wrote first, by its index."""
        for run in self._writers.get(client, _NOTHING).runs(clock, clock + length):
            if run.value == NO_VALUE:
                yield from self._inserters(client, run.first, run.end - run.first)
            else:
                yield run

    def writers_by_client(
        self, inserters: Mapping[int, tuple[list[int], list[int]]]
    ) -> dict[int, tuple[list[int], list[int]]]:
        """Return the end of each id range of all clients, and the op index of its first writer.

        ``inserters`` has those of the operations that inserted the ids.
        """
        found = dict(inserters)
        for client in self._writers:
            ends, _ = inserters[client]
            runs = list(self.writers(client, 0, ends[-1]))
            found[client] = [run.end for run in runs], [run.value for run in runs]
        return found

    # --- as JSON ---

    def to_json(self) -> list[list[int]]:
        """Return the copies and the known ones, as flat numbers."""
        known = [copied for copies in self._known.values() for copied in copies]
        return [
            [number for copied in copies for number in copied] for copies in (self.copies, known)
        ]

    def add_json(self, rows: Sequence[Sequence[int]]) -> None:
        """Add what ``to_json`` returned; the attribution index has all its operations."""
        copies, known = (
            [CopiedRange(*row) for row in zip(*[iter(numbers)] * 5, strict=True)]
            for numbers in rows
        )
        for copied in copies:
            self._add(copied)
        self.add_known(known)


def _ranges(copies: bytes) -> list[CopiedRange]:
    """Return the ranges of a copy map of the log; none where it is damaged."""
    try:
        return copy_map_decode(copies)
    except DecodeError:
        return []


def _start(copied: CopiedRange) -> int:
    return copied.clock


def _clock(struct: RawStruct) -> int:
    return struct.clock
