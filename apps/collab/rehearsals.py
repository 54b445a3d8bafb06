"""Rehearsals of edits, and the budget of each person for them.

A rehearsal delays the others of its document, so one person has one at a time, and only so many.
"""

import asyncio
import time

from apps.collab.limits import Limits
from apps.collab.person_budgets import PersonBudgets
from apps.core import metrics
from apps.core.errors import AppError, TransientError
from apps.history.rehearsals import RehearsalFailedError, merge_rehearse


class Rehearsals:
    """The rehearsals of a process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._budgets = PersonBudgets(limits.rehearsal_s, limits.rehearsal_s_per_s)
        #: Who has a rehearsal now.
        self._running: set[str] = set()

    async def run(self, *, user_id: str, state: bytes, update: bytes) -> AppError | None:
        """Try an edit of a person on a state; return why it cannot be merged, None if it can.

        A ``TransientError`` means that it was not tried, and may be sent again.
        """
        if user_id in self._running or self._budgets.is_spent(user_id):
            metrics.REHEARSALS.labels(result="waits").inc()
            return _wait()
        self._running.add(user_id)
        began = time.monotonic()
        try:
            await asyncio.to_thread(merge_rehearse, state, [update])
        except RehearsalFailedError as err:
            self._budgets.charge(user_id, self._limits.rehearsal_failed_s)
            metrics.REHEARSALS.labels(result="failed").inc()
            return err
        except TransientError as err:
            metrics.REHEARSALS.labels(result="waits").inc()
            return err
        finally:
            self._running.discard(user_id)
            self._budgets.charge(user_id, time.monotonic() - began)
        metrics.REHEARSALS.labels(result="passed").inc()
        return None


def _wait() -> TransientError:
    return TransientError(
        "Edits of this kind are tried first, and you sent many. Try again in a minute.",
        code="rehearsals_busy",
        retry_after_s=15,
    )
