"""The smallest failing part of an input list."""

from collections.abc import Sequence

from tests.fuzz.shrinking import shrunk


def test_single_culprit_is_found_among_many() -> None:
    """In few runs."""
    runs: list[int] = []

    def fails(items: Sequence[int]) -> bool:
        runs.append(1)
        return 37 in items

    assert shrunk(range(100), fails, 50) == [37]
    assert len(runs) < 25


def test_inputs_that_fail_only_together_stay_together_in_order() -> None:
    """Of three needed ones, none is left out."""
    needed = {5, 40, 90}
    assert shrunk(range(100), lambda items: needed <= set(items), 200) == [5, 40, 90]


def test_search_ends_after_its_bound() -> None:
    """Each run starts a document of its own, so their number is bounded."""
    runs: list[int] = []

    def fails(_items: Sequence[int]) -> bool:
        runs.append(1)
        return False

    assert shrunk(range(1000), fails, 10) == list(range(1000))
    assert len(runs) == 10
