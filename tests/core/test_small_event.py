"""The small event: waiting tasks are woken, cancelled ones are removed."""

import asyncio
import sys

import pytest

from apps.core.small_event import SmallEvent


async def started(flag: SmallEvent) -> "asyncio.Task[None]":
    """Return a task that waits already."""
    task = asyncio.create_task(flag.wait())
    await asyncio.sleep(0)
    return task


async def test_all_waiting_tasks_are_woken_even_when_it_is_cleared_at_once() -> None:
    """Later tasks wait."""
    flag = SmallEvent()
    early = [await started(flag) for _ in range(3)]
    assert not any(task.done() for task in early)
    flag.set()
    flag.clear()
    await asyncio.gather(*early)
    late = await started(flag)
    assert not late.done()
    flag.set()
    await late


async def test_set_flag_is_not_waited_for() -> None:
    """Neither one that begins so."""
    await asyncio.wait_for(SmallEvent(is_set=True).wait(), 1)
    flag = SmallEvent()
    flag.set()
    flag.set()
    await asyncio.wait_for(flag.wait(), 1)


async def test_cancelled_task_is_removed_and_the_others_are_woken() -> None:
    """Also when both happen in the same turn of the loop."""
    flag = SmallEvent()
    gives_up, stays, too_late = [await started(flag) for _ in range(3)]
    gives_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gives_up
    flag.set()
    too_late.cancel()
    await stays
    with pytest.raises(asyncio.CancelledError):
        await too_late
    assert flag._waiters is None


async def test_it_is_small() -> None:
    """There are three for each document that somebody has open."""
    assert sys.getsizeof(SmallEvent()) < 60
