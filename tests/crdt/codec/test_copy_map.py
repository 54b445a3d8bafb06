"""Copy maps: bytes and ranges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.crdt.codec.copy_map import (
    MAX_COPIED_RANGES,
    MAX_COPY_MAP_BYTES,
    CopiedRange,
    copy_map_decode,
    copy_map_encode,
    copy_map_fits,
    copy_map_join,
)
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.update_reader import MAX_CLOCK

CLIENTS = st.integers(0, 2**53 - 1)
CLOCKS = st.integers(0, 2**31)
RANGES = st.lists(
    st.builds(CopiedRange, CLIENTS, CLOCKS, st.integers(1, 2**20), CLIENTS, CLOCKS), max_size=20
)


@given(RANGES)
def test_copy_map_round_trip(ranges: list[CopiedRange]) -> None:
    """A map without a range has no bytes."""
    data = copy_map_encode(ranges)
    assert bool(data) == bool(ranges)
    assert copy_map_decode(data) == ranges


def test_copy_map_equals_the_golden_bytes() -> None:
    """The golden bytes of docs/protocol.md, written by hand."""
    assert copy_map_encode([CopiedRange(7, 300, 5, 9, 2)]) == b"\x01\x07\xac\x02\x05\x09\x02"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x01\x07\x01\x05\x09", "ends inside"),
        (b"\x00\x00", "more data"),
        (b"\x01\x07\x01\x00\x09\x02", "clocks that no document has"),
        (copy_map_encode([CopiedRange(1, MAX_CLOCK, 1, 2, 3)]), "clocks that no document has"),
        (copy_map_encode([CopiedRange(1, 3, 1, 2, MAX_CLOCK)]), "clocks that no document has"),
        (copy_map_encode([CopiedRange(1, 1, 1, 1, 1)] * (MAX_COPIED_RANGES + 1)), "ranges"),
        (bytes(MAX_COPY_MAP_BYTES + 1), "bytes"),
    ],
)
def test_bytes_that_are_no_copy_map_are_refused(data: bytes, message: str) -> None:
    """Truncated, too long, without a length, beyond all clocks, with too many ranges."""
    with pytest.raises(DecodeError, match=message):
        copy_map_decode(data)


def test_copy_map_is_bounded_by_its_update() -> None:
    """Four bytes for a byte of the update; the most that any has."""
    assert copy_map_fits(bytes(40), bytes(10))
    assert not copy_map_fits(bytes(41), bytes(10))
    assert not copy_map_fits(bytes(MAX_COPY_MAP_BYTES + 1), bytes(MAX_COPY_MAP_BYTES))


def test_ranges_that_continue_each_other_are_joined() -> None:
    """New ids and sources both; in order of the new ids."""
    ranges = [
        CopiedRange(1, 7, 2, 5, 13),
        CopiedRange(1, 4, 3, 5, 10),
        CopiedRange(1, 9, 1, 5, 20),
    ]
    assert copy_map_join(ranges) == [CopiedRange(1, 4, 5, 5, 10), CopiedRange(1, 9, 1, 5, 20)]
