"""Id ranges with values: a clock keeps its first value, whatever overlaps."""

from hypothesis import given
from hypothesis import strategies as st

from apps.crdt.ids.id_ranges import NO_VALUE, IdRanges

#: (first clock, length, value)
RANGE = st.tuples(st.integers(0, 30), st.integers(1, 12), st.integers(0, 3))


@given(st.lists(RANGE, max_size=25))
def test_id_ranges_agree_with_a_plain_table(added: list[tuple[int, int, int]]) -> None:
    """In any order and with any overlap; the ranges are in order and do not overlap."""
    ranges, table = IdRanges(), dict[int, int]()
    for first, length, value in added:
        new = [clock for clock in range(first, first + length) if clock not in table]
        found = ranges.add(first, first + length, value)
        assert [clock for begin, end in found for clock in range(begin, end)] == new
        table.update(dict.fromkeys(new, value))
    assert ranges.values_of(0, 50) == [table.get(clock, NO_VALUE) for clock in range(50)]
    for clock in range(0, 50, 7):
        assert ranges.values_of(clock, 5) == [table.get(clock + n, NO_VALUE) for n in range(5)]
        count = ranges.count(clock, clock + 5)
        assert count == sum(clock + n in table for n in range(5))
    pairs = zip(ranges.starts, ranges.ends, strict=True)
    bounds = [bound for pair in pairs for bound in pair]
    assert bounds == sorted(bounds)


def test_consecutive_clocks_of_one_value_are_one_range() -> None:
    """As somebody types on."""
    ranges = IdRanges()
    for clock in range(100):
        ranges.add(clock, clock + 1, 7)
    assert (ranges.starts, ranges.ends, ranges.values) == ([0], [100], [7])
