"""Tasks of an event loop that work until they are cancelled."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Final

#: How long a task that was cancelled has to end until it is cancelled again, in seconds.
CANCEL_INTERVAL_S: Final = 0.1


def is_cancelled() -> bool:
    """Return whether the present task has been cancelled.

    A loop that goes on after the errors of a library asks, because the library may have made an
    error of the cancellation.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def run_until_cancelled(function: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine that may swallow a cancellation: it is cancelled again until it ends.

    For libraries that wait on after it; an event loop that ends cancels each task once, and waits.
    """
    task = asyncio.ensure_future(function())
    try:
        await asyncio.wait({task})
    finally:
        while not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({task}, timeout=CANCEL_INTERVAL_S)
    task.result()
