"""Id ranges with values: a clock keeps its first value, whatever overlaps."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apps.crdt.ids.id_ranges import NO_VALUE, IdRanges, Run, joined_runs

#: (first clock, length, value)
RANGE = st.tuples(st.integers(0, 30), st.integers(1, 12), st.integers(0, 3))


def values(ranges: IdRanges, clock: int, length: int) -> list[int]:
    """Return the value of each clock; the runs follow each other, and neighbours differ."""
    runs = list(ranges.runs(clock, clock + length))
    assert [run.first for run in runs] == [clock, *(run.end for run in runs)][:-1]
    assert runs[-1].end == clock + length
    assert all(run.value != after.value for run, after in pairwise(runs))
    return [run.value for run in runs for _ in range(run.first, run.end)]


@given(st.lists(RANGE, max_size=25))
def test_id_ranges_agree_with_a_plain_table(added: list[tuple[int, int, int]]) -> None:
    """In any order and with any overlap; the ranges are in order and do not overlap."""
    ranges, table = IdRanges(), dict[int, int]()
    for first, length, value in added:
        new = [clock for clock in range(first, first + length) if clock not in table]
        found = ranges.add(first, first + length, value)
        assert [clock for begin, end in found for clock in range(begin, end)] == new
        table.update(dict.fromkeys(new, value))
    assert values(ranges, 0, 50) == [table.get(clock, NO_VALUE) for clock in range(50)]
    assert [ranges.value(clock) for clock in range(50)] == values(ranges, 0, 50)
    for clock in range(0, 50, 7):
        assert values(ranges, clock, 5) == [table.get(clock + n, NO_VALUE) for n in range(5)]
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


def test_runs_of_billions_of_clocks_are_few() -> None:
    """A few bytes name that many ids: the cost is that of the ranges."""
    ranges = IdRanges()
    ranges.add(10, 2**31, 1)
    ranges.add(2**31, 2**32, 2)
    assert list(ranges.runs(0, 2**33)) == [
        Run(0, 10, NO_VALUE),
        Run(10, 2**31, 1),
        Run(2**31, 2**32, 2),
        Run(2**32, 2**33, NO_VALUE),
    ]


def test_joined_runs_end_where_any_of_them_ends() -> None:
    """Each with the values of all sequences."""
    one = [Run(0, 4, 1), Run(4, 9, 2)]
    other = [Run(0, 2, 5), Run(2, 6, 6), Run(6, 9, 7)]
    assert list(joined_runs(one, other)) == [
        (0, 2, (1, 5)),
        (2, 4, (1, 6)),
        (4, 6, (2, 6)),
        (6, 9, (2, 7)),
    ]
    assert list(joined_runs([], [])) == []
