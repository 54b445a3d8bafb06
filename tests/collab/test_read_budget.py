"""The budget for frames that change nothing. Pure."""

from apps.collab.read_budget import ReadBudget, presence_price, sync_price


def test_budget_is_full_at_first_and_refilled_with_time() -> None:
    """A quiet session may request much at once, and then at the rate of the refill."""
    budget = ReadBudget(4, 2, at=0)
    assert [budget.spend(1, at=0) for _ in range(5)] == [True] * 4 + [False]
    assert not budget.spend(1, at=0.4)
    assert budget.spend(1, at=0.6)
    assert [budget.spend(1, at=100) for _ in range(5)] == [True] * 4 + [False]


def test_refused_request_takes_nothing() -> None:
    """A flood does not keep the budget empty: a refused request costs only its sender."""
    budget = ReadBudget(2, 1, at=0)
    assert budget.spend(2, at=0)
    assert not any(budget.spend(1, at=0.5) for _ in range(1000))
    assert budget.spend(1, at=1)


def test_answer_dearer_than_the_budget_costs_all_of_it() -> None:
    """The largest document can still be opened."""
    budget = ReadBudget(10, 1, at=0)
    assert budget.spend(1000, at=0)
    assert not budget.spend(1, at=0)


def test_price_grows_with_the_answer() -> None:
    """A whole document of 12 MiB costs 49 times an empty one."""
    assert (sync_price(0), sync_price(12 * 1024 * 1024)) == (1, 49)
    assert sync_price(0, 4 * 1024 * 1024) == 513
    assert (presence_price(0), presence_price(640)) == (1, 11)
