"""Wait until something becomes true: by polling, not by a fixed pause."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

#: Interval of polling, in seconds. It grows to a tenth of the time waited so far, up to the longest
#: one: many questions are requests, whose cost would slow down what they wait for.
LOOK_S = 0.02
LONGEST_LOOK_S = 0.1
#: Default timeout: much longer than needed, so that tests pass on a loaded machine.
PATIENCE_S = 30.0


def eventually(predicate: Callable[[], T | None], deadline_s: float = PATIENCE_S) -> T:
    """Return the first true result. Fails with the last result after the deadline."""
    started = time.monotonic()
    waiter = threading.Event()
    while not (answer := predicate()):
        waiter.wait(_look_s(time.monotonic() - started, deadline_s, answer))
    return answer


async def eventually_async(
    predicate: Callable[[], Awaitable[T | None]], deadline_s: float = PATIENCE_S
) -> T:
    """Return the first true result of an async predicate, as ``eventually`` does."""
    started = time.monotonic()
    while not (answer := await predicate()):
        pause_s = _look_s(time.monotonic() - started, deadline_s, answer)
        await asyncio.sleep(pause_s)
    return answer


def _look_s(waited_s: float, deadline_s: float, answer: object) -> float:
    """Return how long to wait until the next look; fail after the deadline."""
    assert waited_s < deadline_s, f"not within {deadline_s} s; the last answer was {answer!r}"
    return min(max(LOOK_S, waited_s / 10), LONGEST_LOOK_S)
