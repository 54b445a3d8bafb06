"""The attribution index as it is cached: bytes of an earlier release, and new ones."""

import base64
import zlib
from datetime import UTC, datetime, timedelta

import pytest

from apps.crdt.ids.id_ranges import NO_VALUE
from apps.history.attribution import AttributionIndex, Origin
from apps.oplog.compacted_operations import CompactedOperation
from apps.oplog.operation import Operation
from tests.crdt.samples import each_value

#: An attribution index as the first release with second deletes cached it, in base64.
GOLDEN = base64.b64decode(
    "eAFNjlEOhDAIRO/C93xAbUX2KqQnMd59B111Y2p4A8OQA9aQ6dgQMIUZhYkUawJxvqcocGHPPEbfIjZVdTzUxj+x"
    "t169UO0k7i5fqBW8tBbNiV0W+WR2rIxgm5JEKaMii5oV8lQKC8acBy9fOHl7WWW/p0+vnoRsr78kPwfp3w9WTKvP"
    "609UcOfFtfmXykbl8tJjzi+N0UjB"
)
AT = datetime(2026, 11, 24, 3, 13, 0, 7_000, tzinfo=UTC)


def golden_index() -> AttributionIndex:
    """Return the index that was cached: of compacted operations, and of operations of the log."""
    compacted = [
        CompactedOperation(7, "first-ü", "12", AT, {3: ((0, 4),)}, {}),
        CompactedOperation(
            8,
            "second",
            "7",
            AT + timedelta(seconds=2.5),
            {3: ((4, 6),), 9: ((0, 2), (2, 5))},
            {3: ((1, 2), (3, 1))},
        ),
        CompactedOperation(9, "third", "12", AT - timedelta(milliseconds=1), {}, {9: ((0, 1),)}),
    ]
    updates = [
        b"\x01\x01\x15\x00\x04\x01\x07content\nh\xc3\xa9llo\xf0\x9f\x98\x80\x00",
        b"\x00\x01\x15\x01\x00\x07",
        b"\x01\x01\x15\x07(\x01\x01m\x01k\x01|?\x80\x00\x00\x00",
    ]
    index = AttributionIndex()
    for operation in compacted:
        index.add_compacted(operation)
    for number, update in enumerate(updates):
        at = datetime(2026, 11, 24, 3, 14 + number, tzinfo=UTC)
        logged = Operation("d", 10 + number, f"u{number}", "7", at, b"\x00", update)
        index.add(logged, is_quarantined=False)
    return index


def test_index_that_an_earlier_release_cached_is_read() -> None:
    """A new release reads what an earlier one cached in Redis."""
    index = AttributionIndex.decode(GOLDEN)
    assert index.seq == 12
    assert each_value(index.inserters(3, 0, 6)) == [0, 0, 0, 0, 1, 1]
    assert each_value(index.deleters(3, 0, 6)) == [NO_VALUE, 1, 1, 1, NO_VALUE, NO_VALUE]
    assert index.origin(1) == Origin(8, "7", 1_795_489_982_507)
    assert index.origin(1).received_at == datetime(2026, 11, 24, 3, 13, 2, 507_000, tzinfo=UTC)
    assert index.character_counts(7, 12) == (7, 11)


def test_index_is_cached_as_an_earlier_release_cached_it() -> None:
    """The same JSON; its compression is the library's own."""
    assert zlib.decompress(golden_index().encode()) == zlib.decompress(GOLDEN)


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (b"", "incomplete or truncated"),
        (b"rubbish", "incorrect header"),
        (GOLDEN[:-3], "incomplete or truncated"),
        (zlib.compress(b"[4,1]"), "form 4"),
        (zlib.compress(b"{"), "Expecting property name"),
    ],
)
def test_index_that_cannot_be_read_raises(damaged: bytes, reason: str) -> None:
    """Damaged bytes, and those of another form."""
    with pytest.raises(ValueError, match=reason):
        AttributionIndex.decode(damaged)
