"""The thread for large edits: one at a time, and a budget of each person."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from apps.collab import person_budgets
from apps.collab.large_edits import LargeEdits
from apps.collab.limits import Limits
from apps.collab.person_budgets import PersonBudgets
from apps.core.errors import InvalidInputError, TransientError


class Clock:
    """A ``time`` module whose clock a test moves."""

    now = 0.0

    def monotonic(self) -> float:
        """Return the test's time."""
        return self.now


@pytest.fixture
async def large_edits() -> AsyncIterator[LargeEdits]:
    """Return a thread whose people have a tenth of a second each, and get nothing back."""
    edits = LargeEdits(Limits(large_edit_s=0.1, large_edit_s_per_s=0.0))
    yield edits
    edits.close()


def work() -> None:
    """Take more of the processor than a budget has."""
    end = time.thread_time() + 0.15
    while time.thread_time() < end:
        pass


async def test_person_whose_budget_is_spent_is_refused_and_nobody_else(
    large_edits: LargeEdits,
) -> None:
    """Also those of the person's sockets that waited; what a room checks is done."""
    results = await asyncio.gather(
        *(large_edits.read(work, user_id="1") for _ in range(4)), return_exceptions=True
    )
    assert results[0] is None
    assert {getattr(result, "code", None) for result in results[1:]} == {"large_edits_busy"}
    assert all(isinstance(result, TransientError) for result in results[1:])
    done: list[str] = []
    await large_edits.check(lambda: done.append("checked"), user_id="1")
    await large_edits.read(lambda: done.append("read"), user_id="2")
    assert done == ["checked", "read"]


async def test_edit_is_charged_though_its_sender_has_gone_or_it_is_malformed(
    large_edits: LargeEdits,
) -> None:
    """Otherwise who hangs up before the answer has no budget."""
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def begin_and_work() -> None:
        loop.call_soon_threadsafe(begun.set)
        work()

    def fail() -> None:
        work()
        raise InvalidInputError("malformed")

    gone = asyncio.create_task(large_edits.read(begin_and_work, user_id="1"))
    await begun.wait()
    gone.cancel()
    with pytest.raises(InvalidInputError):
        await large_edits.read(fail, user_id="2")
    for user_id in ("1", "2"):
        with pytest.raises(TransientError):
            await large_edits.read(work, user_id=user_id)


async def test_each_person_has_one_place_in_the_queue(large_edits: LargeEdits) -> None:
    """A second person waits for one edit of the first, whatever number of sockets that one has."""
    order: list[str] = []
    begun, may_end = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def first() -> None:
        loop.call_soon_threadsafe(begun.set)
        may_end.wait()
        order.append("1")

    async def read(user_id: str) -> None:
        await large_edits.read(lambda: order.append(user_id), user_id=user_id)

    reading = asyncio.create_task(large_edits.read(first, user_id="1"))
    await begun.wait()
    others = [asyncio.create_task(read(user_id)) for user_id in ("1", "1", "1", "2")]
    await asyncio.sleep(0)
    may_end.set()
    await asyncio.gather(reading, *others)
    assert order == ["1", "2", "1", "1", "1"]


def test_budget_comes_back_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to a full one; budgets of nobody else change."""
    clock = Clock()
    monkeypatch.setattr(person_budgets, "time", clock)
    budgets = PersonBudgets(10.0, 0.5)
    budgets.charge("1", 12.0)
    assert budgets.is_spent("1")
    assert not budgets.is_spent("2")
    clock.now = 5.0
    assert not budgets.is_spent("1")
    clock.now = 100.0
    budgets.charge("1", 9.9)
    assert not budgets.is_spent("1")
    budgets.charge("1", 0.1)
    assert budgets.is_spent("1")


def test_full_budgets_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server sees many people."""
    monkeypatch.setattr(person_budgets, "_MAX_BUDGETS", 10)
    clock = Clock()
    monkeypatch.setattr(person_budgets, "time", clock)
    budgets = PersonBudgets(1.0, 1.0)
    budgets.charge("spent", 1_000.0)
    for number in range(50):
        budgets.charge(f"{number}", 0.5)
        clock.now += 1
    assert len(budgets._budgets) <= 12
    assert budgets.is_spent("spent")
