"""Tasks that work until they are cancelled."""

import asyncio
import contextlib
import gc
import threading

import pytest

from apps.core.tasks import run_until_cancelled


async def deaf(times: int) -> None:
    """Wait, and swallow so many cancellations, as a library may."""
    for _ in range(times):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


@pytest.mark.parametrize("times", [0, 1, 3])
def test_event_loop_ends_though_a_cancellation_is_swallowed(times: int) -> None:
    """At its end, a loop cancels each task once and waits for all of them."""

    async def main() -> None:
        tasks.append(asyncio.create_task(run_until_cancelled(lambda: deaf(times))))
        await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert tasks[0].cancelled()


async def test_task_that_is_cancelled_again_and_again_ends_as_well() -> None:
    """As a stop does whose patience is short."""
    task = asyncio.create_task(run_until_cancelled(lambda: deaf(3)))
    await asyncio.sleep(0)
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.01)
    assert task.cancelled()


async def test_error_of_the_coroutine_is_raised() -> None:
    """It is not lost in the task."""

    async def fail() -> None:
        raise ValueError("lost")

    with pytest.raises(ValueError, match="lost"):
        await run_until_cancelled(fail)


async def test_task_that_is_cancelled_before_it_begins_leaves_nothing() -> None:
    """No coroutine that nobody awaits."""
    task = asyncio.create_task(run_until_cancelled(lambda: deaf(1)))
    task.cancel()
    await asyncio.wait({task})
    gc.collect()
    assert task.cancelled()
