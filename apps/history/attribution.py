"""Which operation of the log brought which clocks, and which deleted them: authorship's ground.

Made from the log, kept in Redis, and gone on with from there: the log is read once.
"""

import json
import logging
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Self

from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from apps.crdt.codec.contents import MalformedUpdateError
from apps.crdt.codec.structs import Id, Span
from apps.crdt.codec.update_reader import Struct, read_structs, read_update
from apps.crdt.ids.id_ranges import NONE, IdRanges
from apps.history.character_counts import CharacterCounts
from apps.history.compaction_point import CompactionSnapshotLostError, compaction_snapshot
from apps.oplog.compacted_operations import ClientRanges, CompactedOperation
from apps.oplog.compaction_point import compacted_iter, compaction_point_find
from apps.oplog.operation import Operation
from apps.oplog.quarantine import quarantined_seqs
from apps.oplog.selectors import operations_iter

logger = logging.getLogger(__name__)

#: Of what is kept in Redis, compressed. Threat: a log without end.
CACHED_BYTES = 8 * 1024 * 1024
#: Changes when the form does.
_FORM = 4
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


class Origin(NamedTuple):
    """Who wrote an operation, which one, and when it was received."""

    seq: int
    author_id: str
    received_ms: int

    @property
    def received_at(self) -> datetime:
        """Return the moment, to the millisecond."""
        return _EPOCH + self.received_ms * _MS


class AttributionIndex:
    """The operations of a log in order: who brought each clock of each client, and who deleted it.

    Operations are numbered by those that did either, from 0.
    """

    def __init__(self) -> None:
        #: By their numbers: seq, author and moment of the operations. Lists, for a document has
        #: many of them, and a list is packed and unpacked at once.
        self.seqs: list[int] = []
        self.author_ids: list[str] = []
        self.received_ms: list[int] = []
        #: For each client, where its runs end, and the number of the operation of each.
        self._ends: dict[int, list[int]] = {}
        self._places: dict[int, list[int]] = {}
        #: For each client, which of its clocks were deleted, and by which operation first.
        self._deletes: dict[int, IdRanges] = {}
        self._letters = CharacterCounts()
        self.seq = 0

    def take(self, operation: Operation, *, is_aside: bool) -> None:
        """Take the next operation; one that is set aside brought nothing."""
        self.seq = operation.seq
        if is_aside:
            return
        try:
            header = read_update(operation.update)
        except MalformedUpdateError:
            return
        self._note(operation, header.ranges, header.deletes, read_structs(operation.update))

    def take_packed(self, operation: CompactedOperation) -> None:
        """Take the next operation of those before the beginning of a compacted log."""
        self.seq = operation.seq
        self._note(operation, operation.ranges, operation.deletes, {})

    def take_base(self, state: bytes) -> None:
        """Take the state that a compacted log begins with: what in it are letters."""
        self._letters.take_state(read_structs(state))

    def _note(
        self,
        operation: Operation | CompactedOperation,
        ranges: ClientRanges,
        deletes: ClientRanges,
        structs: Mapping[int, Sequence[Struct]],
    ) -> None:
        place = len(self.seqs)
        added = self._note_brought(ranges, structs, place)
        removed = self._note_deletes(deletes, place)
        if added is not None or removed is not None:
            self.seqs.append(operation.seq)
            self.author_ids.append(operation.author_id)
            self.received_ms.append((operation.received_at - _EPOCH) // _MS)
            self._letters.note(added or 0, removed or 0)

    def _note_brought(
        self, ranges: ClientRanges, structs: Mapping[int, Sequence[Struct]], place: int
    ) -> int | None:
        """Return how many letters are new, None where nothing is."""
        added: int | None = None
        for client, runs in ranges.items():
            ends = self._ends.setdefault(client, [])
            known = ends[-1] if ends else 0
            if not ends or runs[-1][1] > known:  # what was known before is another's
                ends.append(runs[-1][1])
                self._places.setdefault(client, []).append(place)
                letters = self._letters.bring(client, structs.get(client, ()), known=known)
                added = (added or 0) + letters
        return added

    def _note_deletes(self, deletes: ClientRanges, place: int) -> int | None:
        """Return how many letters are gone now, None where nothing is."""
        removed: int | None = None
        for client, runs in deletes.items():
            known = self._deletes.setdefault(client, IdRanges())
            for clock, length in runs:
                if took := known.take(clock, clock + length, place):
                    removed = (removed or 0) + self._letters.count(client, took)
        return removed

    def places(self, client: int, clock: int, length: int) -> list[int]:
        """Return the number of the operation that brought each of ``length`` clocks."""
        ends, places = self._ends[client], self._places[client]
        found: list[int] = []
        run = bisect_right(ends, clock)
        while len(found) < length:
            upto = min(ends[run], clock + length)
            found += [places[run]] * (upto - clock - len(found))
            run += 1
        return found

    def runs(self, client: int) -> tuple[list[int], list[int]]:
        """Return where the runs of a client's clocks end, and the number of who brought each."""
        return self._ends[client], self._places[client]

    def brought_after(self, seq: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield ``(client, first clock, end, place)`` of what came after an operation, in order.

        Of each client its clocks in order.
        """
        first_place = bisect_right(self.seqs, seq)
        for client, ends in self._ends.items():
            places = self._places[client]
            for run in range(bisect_left(places, first_place), len(places)):
                yield client, ends[run - 1] if run else 0, ends[run], places[run]

    def deleters(self, client: int, clock: int, length: int) -> list[int]:
        """Return the number of the operation that deleted each of ``length`` clocks first.

        ``NONE`` where none did: it stays, or went with what it was written into meanwhile.
        """
        runs = self._deletes.get(client)
        return [NONE] * length if runs is None else runs.numbers_of(clock, length)

    def deleted_spans(self) -> dict[int, list[Span]]:
        """Return what each operation deleted first, by its number."""
        found: dict[int, list[Span]] = {}
        for client, runs in self._deletes.items():
            for first, end, place in zip(runs.starts, runs.ends, runs.numbers, strict=True):
                found.setdefault(place, []).append(((client, first), end - first))
        return found

    def letters(self, first_seq: int, last_seq: int) -> tuple[int, int]:
        """Return how many letters some operations brought, and how many they deleted."""
        first, end = bisect_left(self.seqs, first_seq), bisect_right(self.seqs, last_seq)
        return sum(self._letters.added[first:end]), sum(self._letters.removed[first:end])

    def came_after(self, one: Id, other: Id) -> bool:
        """Tell whether a struct was brought after another one was deleted."""
        return self.places(*one, 1)[0] > self.deleters(*other, 1)[0] != NONE

    def origin(self, place: int) -> Origin:
        """Return the operation of a number."""
        return Origin(self.seqs[place], self.author_ids[place], self.received_ms[place])

    def pack(self) -> bytes:
        """Return all of it as compressed JSON."""
        clients = {str(each): [self._ends[each], self._places[each]] for each in self._ends}
        deletes = {
            str(client): [runs.starts, runs.ends, runs.numbers]
            for client, runs in self._deletes.items()
        }
        origins = [self.seqs, self.author_ids, self.received_ms]
        whole = [_FORM, self.seq, origins, clients, deletes, self._letters.to_json()]
        return zlib.compress(json.dumps(whole, separators=(",", ":")).encode(), 1)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Read what ``pack`` made. Raises ``ValueError``."""
        try:
            form, *whole = json.loads(zlib.decompress(packed))
        except zlib.error as err:
            raise ValueError(str(err)) from err
        if form != _FORM:
            raise ValueError(f"form {form}")
        seq, origins, clients, deletes, letters = whole
        clocks = cls()
        clocks.seq = seq
        clocks.seqs, clocks.author_ids, clocks.received_ms = origins
        for client, (ends, places) in clients.items():
            clocks._ends[int(client)], clocks._places[int(client)] = ends, places
        clocks._deletes = {int(client): IdRanges(*runs) for client, runs in deletes.items()}
        clocks._letters = CharacterCounts.from_json(letters)
        return clocks


def attribution_load(*, document_id: str, lineage: str, up_to: int) -> AttributionIndex:
    """Return the clocks of a log up to an operation at least.

    What came later brought and deleted nothing of what was there. Raises as ``operations_iter``,
    and ``CompactedDamagedError``.
    """
    aside = quarantined_seqs(document_id=document_id)
    key = _key(document_id, lineage, aside)
    clocks = _cached(key)
    if clocks.seq < up_to:
        _take_packed(clocks, document_id, up_to)
    before = clocks.seq
    if before < up_to:
        rest = operations_iter(document_id=document_id, after=before, limit=up_to - before)
        _take_all(clocks, rest, aside)
        _cache(key, clocks)
    return clocks


def _take_packed(clocks: AttributionIndex, document_id: str, up_to: int) -> None:
    """Take what comes next before the beginning of the log, where it is compacted."""
    base = compaction_point_find(document_id=document_id)
    if base is None or clocks.seq >= base.seq:
        return
    end = min(base.seq, up_to)
    for operation in compacted_iter(document_id=document_id, after=clocks.seq, up_to=end):
        clocks.take_packed(operation)
    if clocks.seq == base.seq:
        with suppress(CompactionSnapshotLostError):  # who reads the document is told of it
            clocks.take_base(compaction_snapshot(base).state)


def _take_all(clocks: AttributionIndex, operations: Iterable[Operation], aside: set[int]) -> None:
    for operation in operations:
        clocks.take(operation, is_aside=operation.seq in aside)


def _cached(key: str) -> AttributionIndex:
    try:
        packed = get_redis_connection("default").get(key)
        return AttributionIndex() if packed is None else AttributionIndex.unpack(packed)
    except (RedisError, ValueError) as err:
        logger.warning("%s not read from Redis: %s", key, err)
        return AttributionIndex()


def _cache(key: str, clocks: AttributionIndex) -> None:
    packed = clocks.pack()
    if len(packed) > CACHED_BYTES:
        return
    try:
        get_redis_connection("default").set(key, packed, ex=settings.SNAPSHOT_CACHE_S)
    except RedisError as err:
        logger.warning("%s not cached: %s", key, err)


def _key(document_id: str, lineage: str, aside: set[int]) -> str:
    """Return another key when something is set aside or released: then other clocks are brought."""
    mark = zlib.crc32(repr(sorted(aside)).encode())
    return f"scriptorium:clocks:{{{document_id}}}:{lineage}:{mark:08x}"
