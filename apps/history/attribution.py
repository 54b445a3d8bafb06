"""Attribution: which operation of a log inserted which ids, and which operation deleted them.

The index is made from the log and cached in Redis. Later calls read only the newer operations.
"""

import logging
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import NamedTuple, Self

from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from apps.core.columns import columns_decode, columns_encode, datetime_of_ms, epoch_ms
from apps.crdt.codec.contents import MalformedUpdateError
from apps.crdt.codec.structs import RawStruct, Span, structs_by_client
from apps.crdt.codec.update_reader import read_update
from apps.crdt.edits.duplicate_inserts import InsertionOrder
from apps.crdt.ids.id_ranges import NO_VALUE, Run
from apps.history.character_counts import CharacterCounts
from apps.history.compaction_point import CompactionSnapshotLostError, compaction_snapshot
from apps.history.copies import CopyIndex, Structs
from apps.history.delete_index import DeleteIndex
from apps.oplog.compacted_operations import ClientRanges, CompactedOperation, copies_unpack
from apps.oplog.compaction_point import CompactionPoint, compacted_iter, compaction_point_find
from apps.oplog.operation import Operation
from apps.oplog.quarantine import quarantined_seqs
from apps.oplog.selectors import operations_at, operations_iter

logger = logging.getLogger(__name__)

#: Largest index that is cached, compressed, in bytes. Threat: a log that grows without end.
CACHE_MAX_BYTES = 8 * 1024 * 1024
#: Number of the encoded form; it changes with the form.
_FORM = 5


class Origin(NamedTuple):
    """The seq, the author and the time of receipt of an operation."""

    seq: int
    author_id: str
    received_ms: int

    @property
    def received_at(self) -> datetime:
        """Return the time of receipt, to the millisecond."""
        return datetime_of_ms(self.received_ms)


class AttributionIndex:
    """The operation that inserted each id of a document, and the operation that deleted it first.

    An id is a client and a clock. Operations that did neither, and deleted nothing second either,
    have no entry; the others are numbered from 0 in the order of the log: their *index*.
    """

    def __init__(self) -> None:
        #: Seq, author and time of receipt by operation index. Columns, because a document has many
        #: operations, and a list is encoded and decoded at once.
        self.seqs: list[int] = []
        self.author_ids: list[str] = []
        self.received_ms: list[int] = []
        #: By client, the end of each id range, and the index of the operation that inserted it.
        self._ends: dict[int, list[int]] = {}
        self._inserters: dict[int, list[int]] = {}
        self._deletes = DeleteIndex()
        self._counts = CharacterCounts()
        self.seq = 0
        self._copies = CopyIndex(self.inserters, self.deleters)

    def add(self, operation: Operation, *, is_quarantined: bool) -> None:
        """Add the next operation of the log; a quarantined one has inserted nothing."""
        self.seq = operation.seq
        if is_quarantined:
            return
        try:
            header = read_update(operation.update)
        except MalformedUpdateError:
            return
        structs = structs_by_client(operation.update)
        may_repeat = not operation.copies  # which only a page writes
        self._add(operation, header.ranges, header.deletes, structs, may_repeat=may_repeat)
        if operation.copies and self.seqs and self.seqs[-1] == operation.seq:
            self._copies.add_claims(operation.copies, structs, len(self.seqs) - 1)

    def add_compacted(self, operation: CompactedOperation) -> None:
        """Add the next compacted operation, which has ids and no content."""
        self.seq = operation.seq
        may_repeat = not self._copies.has_known(operation.ranges)
        self._add(operation, operation.ranges, operation.deletes, {}, may_repeat=may_repeat)
        self._copies.add_compacted(operation.ranges)

    def add_compaction_point(self, state: bytes) -> None:
        """Add the state at the compaction point, which tells which ids are characters."""
        self._counts.add_state(structs_by_client(state))

    def _add(
        self,
        operation: Operation | CompactedOperation,
        ranges: ClientRanges,
        deletes: ClientRanges,
        structs: Mapping[int, Sequence[RawStruct]],
        *,
        may_repeat: bool,
    ) -> None:
        index = len(self.seqs)
        added = self._add_inserts(ranges, structs, index)
        removed = self._add_deletes(deletes, index, may_repeat=may_repeat)
        if added is not None or removed is not None:
            self.seqs.append(operation.seq)
            self.author_ids.append(operation.author_id)
            self.received_ms.append(epoch_ms(operation.received_at))
            self._counts.add_operation(added or 0, removed or 0)

    def _add_inserts(
        self, ranges: ClientRanges, structs: Mapping[int, Sequence[RawStruct]], index: int
    ) -> int | None:
        """Return how many characters are new, None where no id is."""
        added: int | None = None
        for client, own_ranges in ranges.items():
            ends = self._ends.setdefault(client, [])
            known = ends[-1] if ends else 0
            if not ends or own_ranges[-1][1] > known:  # earlier ids are another operation's
                ends.append(own_ranges[-1][1])
                self._inserters.setdefault(client, []).append(index)
                count = self._counts.add_structs(client, structs.get(client, ()), known=known)
                added = (added or 0) + count
        return added

    def _add_deletes(self, deletes: ClientRanges, index: int, *, may_repeat: bool) -> int | None:
        """Return how many characters are deleted now, None where it is not even second for any."""
        added = self._deletes.add(deletes, index, may_repeat=may_repeat)
        if added is None:
            return None
        return sum(self._counts.count(client, ranges) for client, ranges in added.items())

    # --- copies ---

    @property
    def copies(self) -> CopyIndex:
        """Return what was deleted and inserted again, and who wrote it first."""
        return self._copies

    def writers(self, client: int, clock: int, length: int) -> Iterator[Run]:
        """Yield the runs of ``length`` ids that one operation wrote first, by its index.

        As ``inserters``, except for what was deleted and inserted again.
        """
        return self._copies.writers(client, clock, length)

    def writers_by_client(self) -> dict[int, tuple[list[int], list[int]]]:
        """Return ``id_ranges_by_client``, with the first writers."""
        return self._copies.writers_by_client(self.id_ranges_by_client())

    # --- insertions and deletions ---

    def inserters(self, client: int, clock: int, length: int) -> Iterator[Run]:
        """Yield the runs of ``length`` ids that one operation inserted, by its index.

        ``NO_VALUE`` for ids that the log does not have.
        """
        ends, inserters = self._ends.get(client, ()), self._inserters.get(client, ())
        end = clock + length
        for position in range(bisect_right(ends, clock), len(ends)):
            if clock >= end:
                return
            upto = min(ends[position], end)
            yield Run(clock, upto, inserters[position])
            clock = upto
        if clock < end:
            yield Run(clock, end, NO_VALUE)

    def id_ranges(self, client: int) -> tuple[list[int], list[int]]:
        """Return the end of each id range of a client, and the operation index of each."""
        return self._ends[client], self._inserters[client]

    def id_ranges_by_client(self) -> dict[int, tuple[list[int], list[int]]]:
        """Return ``id_ranges`` of every client."""
        return {client: self.id_ranges(client) for client in self._ends}

    def insertion_order(self) -> InsertionOrder:
        """Return the order of insertions and deletions as plain data."""
        return InsertionOrder(self.id_ranges_by_client(), self._deletes.firsts)

    def inserted_after(self, seq: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield ``(client, first clock, end, op index)`` of the id ranges inserted after ``seq``.

        The ranges of one client follow each other, in order of the clocks.
        """
        first_index = bisect_right(self.seqs, seq)
        for client, ends in self._ends.items():
            inserters = self._inserters[client]
            for position in range(bisect_left(inserters, first_index), len(inserters)):
                first = ends[position - 1] if position else 0
                yield client, first, ends[position], inserters[position]

    def deleters(self, client: int, clock: int, length: int) -> Iterator[Run]:
        """Yield the runs of ``length`` ids that one operation deleted first, by its index.

        ``NO_VALUE`` where no operation did: the id is there, or was deleted with its parent.
        """
        return self._deletes.runs(client, clock, length)

    @property
    def deletes(self) -> DeleteIndex:
        """Return which operations deleted which ids."""
        return self._deletes

    def deleted_spans(self) -> dict[int, list[Span]]:
        """Return the spans of ids that each operation was the first to delete, by its index."""
        return self._deletes.spans()

    def character_counts(self, first_seq: int, last_seq: int) -> tuple[int, int]:
        """Return how many characters a range of operations inserted, and how many it deleted."""
        first, end = bisect_left(self.seqs, first_seq), bisect_right(self.seqs, last_seq)
        return sum(self._counts.added[first:end]), sum(self._counts.removed[first:end])

    def characters(self, client: int, first: int, end: int) -> int:
        """Return how many of a client's clocks are characters, from ``first`` to before ``end``."""
        return self._counts.count(client, [(first, end)])

    def origin(self, index: int) -> Origin:
        """Return the origin of the operation with an index."""
        return Origin(self.seqs[index], self.author_ids[index], self.received_ms[index])

    def encode(self) -> bytes:
        """Return the index as compressed columns."""
        inserts = {
            str(client): [ends, self._inserters[client]] for client, ends in self._ends.items()
        }
        origins = [self.seqs, self.author_ids, self.received_ms]
        columns = [self.seq, origins, inserts, self._deletes.to_json(), self._counts.to_json()]
        if not self._copies.is_empty:
            columns.append(self._copies.to_json())
        return columns_encode(columns, form=_FORM, level=1)

    @classmethod
    def decode(cls, blob: bytes) -> Self:
        """Return the index that ``encode`` wrote. Raises ``ValueError``."""
        seq, origins, inserts, deletes, counts, *copies = columns_decode(blob, form=_FORM)
        index = cls()
        index.seq = seq
        index.seqs, index.author_ids, index.received_ms = origins
        for client, (ends, inserters) in inserts.items():
            index._ends[int(client)], index._inserters[int(client)] = ends, inserters
        index._deletes = DeleteIndex.from_json(deletes)
        index._counts = CharacterCounts.from_json(counts)
        for rows in copies:
            index._copies.add_json(rows)
        return index


def attribution_load(*, document_id: str, lineage: str, up_to: int) -> AttributionIndex:
    """Return the attribution index of a log, up to operation ``up_to`` or a later one.

    Later operations change nothing about the ids that were there before. Raises as
    ``operations_iter`` does, and ``CompactedDamagedError``.
    """
    quarantined = quarantined_seqs(document_id=document_id)
    key = _key(document_id, lineage, quarantined)
    index = _cached(key)
    if index.seq < up_to:
        point = compaction_point_find(document_id=document_id)
        _extend(index, document_id, up_to, point, quarantined)
        _cache(key, index)
    return index


def attribution_extend(
    index: AttributionIndex, *, document_id: str, up_to: int, point: CompactionPoint | None
) -> None:
    """Extend an index, which may be empty, without the cache, as the log was at a point.

    ``point`` may be an earlier one than the stored one, None before the first, as long as the log
    has the operations after it. Raises as ``attribution_load`` does.
    """
    _extend(index, document_id, up_to, point, quarantined_seqs(document_id=document_id))


def _extend(
    index: AttributionIndex,
    document_id: str,
    up_to: int,
    point: CompactionPoint | None,
    quarantined: set[int],
) -> None:
    if point is not None:
        index.copies.add_known(copies_unpack(point.copies))
        if index.seq < point.seq:
            _add_compacted(index, point, up_to)
    seq_before = index.seq
    if seq_before < up_to:
        limit = up_to - seq_before
        operations = operations_iter(document_id=document_id, after=seq_before, limit=limit)
        for operation in operations:
            index.add(operation, is_quarantined=operation.seq in quarantined)
        index.copies.check_claims(partial(_sources, index, document_id, point))


def _add_compacted(index: AttributionIndex, point: CompactionPoint, up_to: int) -> None:
    """Add the next operations up to the compaction point."""
    end = min(point.seq, up_to)
    operations = compacted_iter(document_id=point.document_id, after=index.seq, up_to=end)
    for operation in operations:
        index.add_compacted(operation)
    if index.seq == point.seq:
        # Loading the document itself raises this error, so here only the counts are missing.
        with suppress(CompactionSnapshotLostError):
            index.add_compaction_point(compaction_snapshot(point).state)


def _sources(
    index: AttributionIndex,
    document_id: str,
    point: CompactionPoint | None,
    op_indexes: Sequence[int],
) -> Iterator[tuple[Iterable[int], Structs]]:
    """Yield the structs of operations by their op indexes; those of compacted ones are a state."""
    by_seq = {index.seqs[op_index]: op_index for op_index in op_indexes}
    compacted = [seq for seq in by_seq if point is not None and seq <= point.seq]
    if compacted and point is not None:
        with suppress(CompactionSnapshotLostError):
            state = compaction_snapshot(point).state
            yield [by_seq.pop(seq) for seq in compacted], structs_by_client(state)
    for operation in operations_at(document_id=document_id, seqs=sorted(by_seq)):
        yield [by_seq[operation.seq]], structs_by_client(operation.update)


def _cached(key: str) -> AttributionIndex:
    try:
        blob = get_redis_connection("default").get(key)
        return AttributionIndex() if blob is None else AttributionIndex.decode(blob)
    except (RedisError, ValueError) as err:
        logger.warning("%s not read from Redis: %s", key, err)
        return AttributionIndex()


def _cache(key: str, index: AttributionIndex) -> None:
    blob = index.encode()
    if len(blob) > CACHE_MAX_BYTES:
        return
    try:
        get_redis_connection("default").set(key, blob, ex=settings.SNAPSHOT_CACHE_S)
    except RedisError as err:
        logger.warning("%s not cached: %s", key, err)


def _key(document_id: str, lineage: str, quarantined: set[int]) -> str:
    """Return the cache key, which quarantined operations change, as they change the index."""
    mark = zlib.crc32(repr(sorted(quarantined)).encode())
    return f"scriptorium:clocks:{{{document_id}}}:{lineage}:{mark:08x}"
