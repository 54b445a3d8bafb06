"""The reading and checking of large edits, in a thread beside the event loop.

That is work in Python, so each such thread takes the interpreter from the event loop for some
milliseconds whenever the loop has let it go. One thread is hardly felt; ten delay everybody for
seconds. So a process has one, and what a person sends has one place in its queue and a budget.

Threat: a reader who sends megabytes of deletes of no effect, on many sockets.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from apps.collab.limits import Limits
from apps.collab.person_budgets import PersonBudgets
from apps.core.errors import TransientError

#: A frame or edit that is larger, in bytes, is read in the thread.
READ_AHEAD_BYTES: Final = 32 * 1024

_Result = TypeVar("_Result")


class LargeEdits:
    """The thread of a process for large edits."""

    def __init__(self, limits: Limits) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large-edits")
        self._budgets = PersonBudgets(limits.large_edit_s, limits.large_edit_s_per_s)
        #: Of those whose frames are read now, or wait for that.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def read(self, read: Callable[[], _Result], *, user_id: str) -> _Result:
        """Read what a person sent. Raises ``TransientError`` where the budget is spent.

        An error of ``read`` is charged, too, and raised.
        """
        async with self._turn(user_id):
            if self._budgets.is_spent(user_id):
                raise TransientError(
                    "You sent many large edits. Try again in a minute.",
                    code="large_edits_busy",
                    retry_after_s=15,
                )
            return await self._run(read, user_id)

    async def check(self, check: Callable[[], None], *, user_id: str) -> None:
        """Check an edit of a person that was read; the time is charged.

        Its room waits, so it waits for no other edit of that person.
        """
        await self._run(check, user_id)

    def close(self) -> None:
        """End the thread after what it does now."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _turn(self, user_id: str) -> asyncio.Lock:
        return self._turns.setdefault(user_id, asyncio.Lock())

    async def _run(self, function: Callable[[], _Result], user_id: str) -> _Result:
        loop = asyncio.get_running_loop()

        def charged() -> _Result:
            began_s = time.thread_time()
            try:
                return function()
            finally:  # also where the caller has gone meanwhile
                took_s = time.thread_time() - began_s
                loop.call_soon_threadsafe(self._budgets.charge, user_id, took_s)

        return await loop.run_in_executor(self._thread, charged)
