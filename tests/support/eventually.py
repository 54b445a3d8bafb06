"""Wait until something becomes true: by polling, not by a fixed pause."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

#: Interval of polling, in seconds.
LOOK_S = 0.02
#: Default timeout: much longer than needed, so that tests pass on a loaded machine.
PATIENCE_S = 30.0


def eventually(predicate: Callable[[], T | None], deadline_s: float = PATIENCE_S) -> T:
    """Return the first true result. Fails with the last result after the deadline."""
    end = time.monotonic() + deadline_s
    waiter = threading.Event()
    while not (answer := predicate()):
        assert time.monotonic() < end, f"not within {deadline_s} s; the last answer was {answer!r}"
        waiter.wait(LOOK_S)
    return answer


async def eventually_async(
    predicate: Callable[[], Awaitable[T | None]], deadline_s: float = PATIENCE_S
) -> T:
    """Return the first true result of an async predicate, as ``eventually`` does."""
    end = time.monotonic() + deadline_s
    while not (answer := await predicate()):
        assert time.monotonic() < end, f"not within {deadline_s} s; the last answer was {answer!r}"
        await asyncio.sleep(LOOK_S)
    return answer
