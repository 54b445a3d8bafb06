"""Runs of clocks: who comes first stays, whatever overlaps."""

from hypothesis import given
from hypothesis import strategies as st

from apps.crdt.ids.id_ranges import NONE, IdRanges

#: (first clock, length, number)
RUN = st.tuples(st.integers(0, 30), st.integers(1, 12), st.integers(0, 3))


@given(st.lists(RUN, max_size=25))
def test_runs_are_what_a_plain_table_is(taken: list[tuple[int, int, int]]) -> None:
    """In any order and with any overlap; and no two runs touch that could be one."""
    runs, table = IdRanges(), dict[int, int]()
    for first, length, number in taken:
        new = [clock for clock in range(first, first + length) if clock not in table]
        took = runs.take(first, first + length, number)
        assert [clock for begin, end in took for clock in range(begin, end)] == new
        table.update(dict.fromkeys(new, number))
    assert runs.numbers_of(0, 50) == [table.get(clock, NONE) for clock in range(50)]
    for clock in range(0, 50, 7):
        assert runs.numbers_of(clock, 5) == [table.get(clock + n, NONE) for n in range(5)]
        found = runs.count(clock, clock + 5)
        assert found == sum(clock + n in table for n in range(5))
    bounds = [each for run in zip(runs.starts, runs.ends, strict=True) for each in run]
    assert bounds == sorted(bounds)


def test_typing_on_is_one_run() -> None:
    """Of one number."""
    runs = IdRanges()
    for clock in range(100):
        runs.take(clock, clock + 1, 7)
    assert (runs.starts, runs.ends, runs.numbers) == ([0], [100], [7])
