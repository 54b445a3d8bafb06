"""Rehearsals of edits, and the budget of each person for them.

A rehearsal delays the others of its document, so one person has one at a time, and only so many.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from apps.collab.limits import Limits
from apps.core import metrics
from apps.core.errors import AppError, TransientError
from apps.history.rehearsals import RehearsalFailedError, merge_rehearse

#: People whose budgets are remembered; full ones are forgotten.
_MAX_BUDGETS: Final = 10_000


@dataclass(slots=True)
class _Budget:
    """What one person has left, in seconds, and when it was computed last."""

    left_s: float
    at: float
    is_running: bool = False


class Rehearsals:
    """The rehearsals of a process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._budgets: dict[str, _Budget] = {}

    async def run(self, *, user_id: str, state: bytes, update: bytes) -> AppError | None:
        """Try an edit of a person on a state; return why it cannot be merged, None if it can.

        A ``TransientError`` means that it was not tried, and may be sent again.
        """
        budget = self._budget(user_id)
        if budget.is_running or budget.left_s <= 0:
            metrics.REHEARSALS.labels(result="waits").inc()
            return _wait()
        budget.is_running = True
        began = time.monotonic()
        try:
            await asyncio.to_thread(merge_rehearse, state, [update])
        except RehearsalFailedError as err:
            budget.left_s -= self._limits.rehearsal_failed_s
            metrics.REHEARSALS.labels(result="failed").inc()
            return err
        except TransientError as err:
            metrics.REHEARSALS.labels(result="waits").inc()
            return err
        finally:
            budget.is_running = False
            budget.left_s -= time.monotonic() - began
        metrics.REHEARSALS.labels(result="passed").inc()
        return None

    def _budget(self, user_id: str) -> _Budget:
        now = time.monotonic()
        if len(self._budgets) > _MAX_BUDGETS:
            self._forget_full(now)
        budget = self._budgets.setdefault(user_id, _Budget(self._limits.rehearsal_s, now))
        self._refill(budget, now)
        return budget

    def _refill(self, budget: _Budget, now: float) -> None:
        added_s = (now - budget.at) * self._limits.rehearsal_s_per_s
        budget.left_s = min(self._limits.rehearsal_s, budget.left_s + added_s)
        budget.at = now

    def _forget_full(self, now: float) -> None:
        for user_id, budget in list(self._budgets.items()):
            self._refill(budget, now)
            if not budget.is_running and budget.left_s >= self._limits.rehearsal_s:
                del self._budgets[user_id]


def _wait() -> TransientError:
    return TransientError(
        "Edits of this kind are tried first, and you sent many. Try again in a minute.",
        code="rehearsals_busy",
        retry_after_s=15,
    )
