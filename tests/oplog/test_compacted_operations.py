"""Packed operations: read as they were written, or told to be damaged."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import clock, ids
from apps.oplog.compacted_operations import (
    CompactedDamagedError,
    CompactedOperation,
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
packables = st.builds(
    CompactedOperation,
    seq=st.just(0),
    unique_id=st.text(max_size=40),
    author_id=st.sampled_from(["1", "22", "nobody"]),
    received_at=moments,
    ranges=runs,
    deletes=runs,
)


@given(st.lists(packables, min_size=1, max_size=12), st.integers(1, 2**40))
def test_operations_are_read_as_they_were_packed(
    operations: list[CompactedOperation], first: int
) -> None:
    """Whatever their names, moments in any order, and clocks."""
    numbered = [dataclasses.replace(each, seq=first + n) for n, each in enumerate(operations)]
    packed = operations_encode(numbered)
    assert operations_decode(packed) == numbered
    assert unique_ids_decode(packed) == (first, [each.unique_id for each in numbered])


PACKED = operations_encode([CompactedOperation.of(each) for each in Scribe().write_many(5)])


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_byte_that_is_another_one_is_told_or_changes_nothing(place: int, flip: int) -> None:
    """The checksum of the compression sees to that."""
    damaged = bytearray(PACKED)
    damaged[place] ^= flip
    try:
        found = operations_decode(bytes(damaged))
    except CompactedDamagedError:
        return
    assert found == operations_decode(PACKED)


@pytest.mark.parametrize("packed", [b"", b"x", PACKED[:-3]])
def test_row_that_is_none_is_told(packed: bytes) -> None:
    """Both ways of reading."""
    for read in (operations_decode, unique_ids_decode):
        with pytest.raises(CompactedDamagedError):
            read(packed)


def scribbled() -> list[CompactedOperation]:
    """Return ten operations of one document, packed in no row yet."""
    return [CompactedOperation.of(each) for each in Scribe().write_many(10)]


def test_rows_are_added_once_and_read_in_order() -> None:
    """Who is second is told so; a part of them can be had, and each by its name."""
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
def test_operation_that_is_not_packed_is_told(rows: list[tuple[int, int]]) -> None:
    """At the beginning, within, and at the end; never passed over."""
    document_id, operations = ids.new_id(), scribbled()
    for start, end in rows:
        compacted_append(document_id=document_id, operations=operations[start:end])
    with pytest.raises(CompactedDamagedError):
        list(compacted_iter(document_id=document_id, up_to=10))


def test_beginning_only_moves_forward() -> None:
    """Whoever comes last."""
    first = CompactionPoint(ids.new_id(), 5, 2, b"\x00", clock.now())
    later = dataclasses.replace(first, seq=9, number=3, made_at=first.made_at + timedelta(days=1))
    assert compaction_point_find(document_id=first.document_id) is None
    moved = [compaction_point_advance(each) for each in (first, later, first, later)]
    assert moved == [True, True, False, False]
    assert compaction_point_find(document_id=first.document_id) == later
    assert later.begins == 10
