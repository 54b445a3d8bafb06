"""Compacted operations: decoded as they were encoded, or an error."""

import base64
import dataclasses
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import clock, ids
from apps.crdt.codec.copy_map import CopiedRange
from apps.oplog.compacted_operations import (
    CompactedDamagedError,
    CompactedOperation,
    copies_unpack,
    operations_decode,
    operations_encode,
    unique_ids_decode,
)
from apps.oplog.compaction_point import (
    CompactionPoint,
    compacted_append,
    compacted_end,
    compacted_find,
    compacted_iter,
    compaction_point_add_copies,
    compaction_point_advance,
    compaction_point_find,
)
from tests.support.operations import Scribe

numbers = st.integers(0, 2**53)
runs = st.dictionaries(
    numbers, st.lists(st.tuples(numbers, numbers), min_size=1, max_size=3).map(tuple), max_size=3
)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
)
compacted_operations = st.builds(
    CompactedOperation,
    seq=st.just(0),
    unique_id=st.text(max_size=40),
    author_id=st.sampled_from(["1", "22", "nobody"]),
    received_at=moments,
    ranges=runs,
    deletes=runs,
)


#: A row as version 0.1.0 wrote it, in base64, and the operations that are in it.
GOLDEN_ROW_B64 = (
    "eNoliksOhDAMQ+/StZGc0k7pWUpXfASbGQmY++OCIiUvzy6GhOLW/TivbvyT6+TgzmX6fWfBte3H7Koa5vWmhoSB"
    "upZyDEPOA8kEH0l02qaolB5EqA17BHwEWcZrYrNP8qYmp/2Y1hHVegPExyaj"
)
GOLDEN_AT = datetime(2026, 11, 24, 3, 13, 0, 7_000, tzinfo=UTC)
GOLDEN_OPERATIONS = [
    CompactedOperation(7, "first-ü", "12", GOLDEN_AT, {3: ((0, 4),)}, {}),
    CompactedOperation(
        8,
        "second",
        "7",
        GOLDEN_AT + timedelta(seconds=2.5),
        {3: ((4, 6),), 9: ((0, 2), (2, 5))},
        {3: ((1, 2), (3, 1))},
    ),
    CompactedOperation(9, "third", "12", GOLDEN_AT - timedelta(milliseconds=1), {}, {9: ((0, 1),)}),
]


def test_row_of_an_earlier_release_is_read() -> None:
    """Stored rows stay readable."""
    row = base64.b64decode(GOLDEN_ROW_B64)
    assert operations_decode(row) == GOLDEN_OPERATIONS
    assert unique_ids_decode(row) == (7, ["first-ü", "second", "third"])


def test_row_is_written_as_an_earlier_release_wrote_it() -> None:
    """The same JSON; its compression is the library's own."""
    written = zlib.decompress(operations_encode(GOLDEN_OPERATIONS))
    assert written == zlib.decompress(base64.b64decode(GOLDEN_ROW_B64))


@given(st.lists(compacted_operations, min_size=1, max_size=12), st.integers(1, 2**40))
def test_operations_are_decoded_as_they_were_encoded(
    operations: list[CompactedOperation], first: int
) -> None:
    """With any unique ids and id ranges, and times in any order."""
    numbered = [
        dataclasses.replace(operation, seq=first + n) for n, operation in enumerate(operations)
    ]
    blob = operations_encode(numbered)
    assert operations_decode(blob) == numbered
    assert unique_ids_decode(blob) == (first, [operation.unique_id for operation in numbered])


ROW = operations_encode([CompactedOperation.of(operation) for operation in Scribe().write_many(5)])


@given(st.integers(0, len(ROW) - 1), st.integers(1, 255))
def test_changed_byte_raises_or_changes_nothing(place: int, flip: int) -> None:
    """The checksum of the compression detects it."""
    damaged = bytearray(ROW)
    damaged[place] ^= flip
    try:
        found = operations_decode(bytes(damaged))
    except CompactedDamagedError:
        return
    assert found == operations_decode(ROW)


@pytest.mark.parametrize("row", [b"", b"x", ROW[:-3]])
def test_invalid_row_raises(row: bytes) -> None:
    """In both decoders."""
    for read in (operations_decode, unique_ids_decode):
        with pytest.raises(CompactedDamagedError):
            read(row)


def scribbled() -> list[CompactedOperation]:
    """Return ten operations of one document that are in no row yet."""
    return [CompactedOperation.of(operation) for operation in Scribe().write_many(10)]


def test_rows_are_added_once_and_read_in_order() -> None:
    """A second writer is refused; ranges can be read, and operations found by unique id."""
    document_id, operations = ids.new_id(), scribbled()
    assert compacted_end(document_id=document_id) == 0
    assert compacted_append(document_id=document_id, operations=operations[:4])
    assert not compacted_append(document_id=document_id, operations=operations[:7])
    assert compacted_append(document_id=document_id, operations=operations[4:])
    assert compacted_end(document_id=document_id) == 10
    assert list(compacted_iter(document_id=document_id, up_to=10)) == operations
    assert list(compacted_iter(document_id=document_id, after=2, up_to=6)) == operations[2:6]
    names = [operations[0].unique_id, operations[9].unique_id, "unknown"]
    found = compacted_find(document_id=document_id, unique_ids=names)
    assert found == {names[0]: 1, names[1]: 10}


@pytest.mark.parametrize("rows", [[], [(0, 4)], [(0, 4), (6, 10)], [(2, 10)]])
def test_missing_compacted_operation_raises(rows: list[tuple[int, int]]) -> None:
    """At the start, in the middle and at the end; it is never skipped."""
    document_id, operations = ids.new_id(), scribbled()
    for start, end in rows:
        compacted_append(document_id=document_id, operations=operations[start:end])
    with pytest.raises(CompactedDamagedError):
        list(compacted_iter(document_id=document_id, up_to=10))


def test_compaction_point_only_moves_forward() -> None:
    """In any order of the writers; each tells which one it has read."""
    first = CompactionPoint(ids.new_id(), 5, 2, b"\x00", clock.now())
    later = dataclasses.replace(first, seq=9, number=3, made_at=first.made_at + timedelta(days=1))
    assert compaction_point_find(document_id=first.document_id) is None
    moved = [
        compaction_point_advance(point, previous=previous)
        for point, previous in [
            (first, None),
            (later, None),
            (first, first),
            (later, first),
            (later, first),
            (first, later),
        ]
    ]
    assert moved == [True, False, False, True, False, False]
    assert compaction_point_find(document_id=first.document_id) == later
    assert later.first_seq == 10


def test_compaction_point_is_not_moved_over_copies_that_were_not_read() -> None:
    """They stay: who moves it reads them first."""
    first = CompactionPoint(ids.new_id(), 5, 2, b"\x00", clock.now())
    later = dataclasses.replace(first, seq=9)
    assert compaction_point_advance(first)
    copied = CopiedRange(1, 0, 5, 2, 0)
    for read in (first, compaction_point_find(document_id=first.document_id)):
        copied = copied._replace(clock=copied.clock + 5)
        compaction_point_add_copies(document_id=first.document_id, copies=[copied])
        assert not compaction_point_advance(later, previous=read)
    stored = compaction_point_find(document_id=first.document_id)
    assert stored is not None
    assert compaction_point_advance(
        dataclasses.replace(later, copies=stored.copies), previous=stored
    )
    moved = compaction_point_find(document_id=first.document_id)
    assert moved is not None
    assert [one.clock for one in copies_unpack(moved.copies)] == [5, 10]
