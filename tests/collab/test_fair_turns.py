"""Turns of the event loop: one in a round, in order, with pauses while others are served."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from apps.collab.fair_turns import OTHERS_MEMORY_S, TURNS_SHARE, FairTurns, get_fair_turns


class Loop:
    """The event loop of these tests, whose rounds and time each test controls."""

    def __init__(self) -> None:
        self.now_s = 128.0
        self.later: list[tuple[float, Callable[[], object]]] = []
        self._soon: list[Callable[[], object]] = []

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Queue a call for the next round."""
        self._soon.append(callback)

    def call_later(self, delay: float, callback: Callable[[], object]) -> None:
        """Queue a call for later."""
        self.later.append((self.now_s + delay, callback))

    def create_future(self) -> "asyncio.Future[None]":
        """Return a future of the running loop."""
        return asyncio.get_running_loop().create_future()

    def time(self) -> float:
        """Return the time of the test."""
        return self.now_s

    def turn(self) -> None:
        """Do one round."""
        calls, self._soon = self._soon, []
        for call in calls:
            call()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and do what is due."""
        self.now_s += seconds
        due = [call for at, call in self.later if at <= self.now_s]
        self.later = [(at, call) for at, call in self.later if at > self.now_s]
        for call in due:
            call()


def turns_of(loop: Loop) -> FairTurns:
    """Return the turns of a loop, by its time."""
    return FairTurns(cast("asyncio.AbstractEventLoop", loop), now=loop.time)


@pytest.fixture
def loop() -> Loop:
    """Return a loop that does nothing by itself."""
    return Loop()


def working(loop: Loop, done: list[str], name: str, seconds: float = 0.0) -> Callable[[], None]:
    """Return work of so many seconds that notes its name."""

    def work() -> None:
        loop.now_s += seconds
        done.append(name)

    return work


def test_work_is_done_at_once_where_nobody_waits(loop: Loop) -> None:
    """And again in the next round."""
    turns, done = turns_of(loop), list[str]()
    for name in "ab":
        turns.call(working(loop, done, name))
        assert done[-1] == name
        loop.turn()


def test_one_turn_in_a_round_in_the_order_of_the_calls(loop: Loop) -> None:
    """However many wait."""
    turns, done = turns_of(loop), list[str]()
    for name in "abcd":
        turns.call(working(loop, done, name))
    for count in (1, 2, 3, 4):
        assert done == list("abcd"[:count])
        loop.turn()


def test_pause_follows_turns_while_others_are_served(loop: Loop) -> None:
    """The turns get their share of the time, and all of it once the others are quiet."""
    turns, done = turns_of(loop), list[str]()
    turns.light_frames += 1
    for name in "abc":
        turns.call(working(loop, done, name, 0.125))
    loop.turn()
    assert done == ["a"]
    pause_s = 0.125 * (1 / TURNS_SHARE - 1)
    loop.pass_time(pause_s / 2)
    assert done == ["a"]
    loop.pass_time(pause_s / 2)
    assert done == ["a", "b"]
    loop.pass_time(OTHERS_MEMORY_S)
    loop.turn()
    assert done == ["a", "b", "c"]
    assert not loop.later


def test_short_turns_share_a_pause(loop: Loop) -> None:
    """The timers of a loop count in milliseconds."""
    turns, done = turns_of(loop), list[str]()
    turns.light_frames += 1
    for name in "abcdefgh":
        turns.call(working(loop, done, name, 0.0003))
    for _ in range(8):
        loop.turn()
    assert len(done) == 4
    assert len(loop.later) == 1


def test_work_that_a_turn_causes_elsewhere_is_charged(loop: Loop) -> None:
    """As if it had been done in the turn."""
    turns, done = turns_of(loop), list[str]()
    turns.light_frames += 1
    turns.call(working(loop, done, "a"))
    turns.call(working(loop, done, "b"))
    turns.charge(0.125)
    loop.turn()
    assert done == ["a"]
    loop.pass_time(0.125 * (1 / TURNS_SHARE - 1))
    assert done == ["a", "b"]


def test_failing_work_ends_its_turn(loop: Loop) -> None:
    """The next one has its own."""
    turns, done = turns_of(loop), list[str]()

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        turns.call(fail)
    turns.call(working(loop, done, "a"))
    loop.turn()
    assert done == ["a"]


async def test_tasks_take_their_turns_one_after_the_other() -> None:
    """What has no turn runs between any two of them, and a cancelled task has none."""
    turns, done = get_fair_turns(), list[str]()

    async def take(name: str) -> None:
        await turns.wait()
        done.append(name)

    async def run_beside() -> None:
        while len(done) < 7:
            done.append("-")
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(take(name)) for name in "abcd"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    async with asyncio.timeout(60):
        await run_beside()
        await asyncio.gather(*tasks, return_exceptions=True)
    names = [name for name in done if name != "-"]
    assert names == ["a", "c", "d"]
    assert "ac" not in "".join(done)
    assert "cd" not in "".join(done)


async def test_time_of_a_tasks_turn_is_counted_until_the_next_round(loop: Loop) -> None:
    """Not only that of its beginning."""
    turns, done = turns_of(loop), list[str]()
    turns.light_frames += 1
    with pytest.raises(StopIteration):  # nobody else waits: it goes on at once
        turns.wait().send(None)
    turns.call(working(loop, done, "a"))
    loop.now_s += 0.25
    loop.turn()
    loop.pass_time(0.25 * (1 / TURNS_SHARE - 1) - 0.125)
    assert done == []
    loop.pass_time(0.125)
    assert done == ["a"]
