"""The time that each person may take of a process for work of one kind. Pure, but for its clock."""

import time
from dataclasses import dataclass
from typing import Final

#: People whose budgets are remembered; full ones are forgotten.
_MAX_BUDGETS: Final = 10_000


@dataclass(slots=True)
class _Budget:
    """What one person has left, in seconds, and when it was computed last."""

    left_s: float
    at: float


class PersonBudgets:
    """Budgets in seconds, by person: full at first, refilled with time."""

    def __init__(self, most_s: float, s_per_s: float) -> None:
        self._most_s = most_s
        self._s_per_s = s_per_s
        self._budgets: dict[str, _Budget] = {}

    def is_spent(self, user_id: str) -> bool:
        """Return whether a person has nothing left."""
        return self._budget(user_id).left_s <= 0

    def charge(self, user_id: str, seconds: float) -> None:
        """Take seconds from a person, also more than there are left."""
        self._budget(user_id).left_s -= seconds

    def _budget(self, user_id: str) -> _Budget:
        now = time.monotonic()
        if len(self._budgets) > _MAX_BUDGETS:
            self._forget_full(now)
        budget = self._budgets.setdefault(user_id, _Budget(self._most_s, now))
        self._refill(budget, now)
        return budget

    def _refill(self, budget: _Budget, now: float) -> None:
        budget.left_s = min(self._most_s, budget.left_s + (now - budget.at) * self._s_per_s)
        budget.at = now

    def _forget_full(self, now: float) -> None:
        for user_id, budget in list(self._budgets.items()):
            self._refill(budget, now)
            if budget.left_s >= self._most_s:
                del self._budgets[user_id]
