"""Tasks of an event loop that work until they are cancelled."""

import asyncio


def is_cancelled() -> bool:
    """Return whether the present task has been cancelled.

    A loop that goes on after the errors of a library asks, because the library may have made an
    error of the cancellation.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
