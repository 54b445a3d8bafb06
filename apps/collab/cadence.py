"""The cadence of a room: how densely its pages send what is typed (docs/system-flow.md, §4).

Whoever writes alone sends an operation after a pause. With others present, letters appear as they
are typed. The more sessions, the longer the interval: what all of them receive in a second grows
with the square of their number. While the process is busy, all intervals are longer: fewer and
longer operations cost it less. Pure; the values come from ``settings.COLLAB_CADENCE``.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

#: Sessions for which the interval is the shortest one; for n times as many it is n times as long.
SESSIONS_AT_FULL_PACE: Final = 10
#: The share of its time from which on a process is busy, and below which it is idle again.
BUSY_SHARE: Final = 0.85
IDLE_SHARE: Final = 0.5
#: The factor of the intervals of a busy process: doubled at each measurement up to this one.
MAX_SLOWDOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Cadence:
    """When a page ends a batch of edits, which becomes an operation.

    After ``pause_ms`` without an edit, ``interval_ms`` after its first edit, or at so many
    ``characters``. With a pause of 0 the first edit is sent at once, and the next batch
    ``interval_ms`` after it.
    """

    pause_ms: int
    interval_ms: int
    characters: int

    def to_event(self) -> dict[str, Any]:
        """Return the event that tells a page (frame 104)."""
        return {"type": "cadence", **asdict(self)}


@dataclass(slots=True)
class CadencePolicy:
    """The cadence of somebody who is alone in a document, and of people who are there together.

    ``slowdown`` is the factor of the intervals while the process is busy.
    """

    alone: Cadence = field(default_factory=lambda: Cadence(200, 2_000, 20))
    together: Cadence = field(default_factory=lambda: Cadence(0, 84, 20))
    slowdown: int = 1

    def observe(self, busy_share: float) -> bool:
        """Note the share of its time that the process worked; return whether cadences change."""
        before = self.slowdown
        if busy_share >= BUSY_SHARE:
            self.slowdown = min(2 * self.slowdown, MAX_SLOWDOWN)
        elif busy_share < IDLE_SHARE:
            self.slowdown = max(self.slowdown // 2, 1)
        return self.slowdown != before

    def cadence(self, sessions: int) -> Cadence:
        """Return the cadence for a number of sessions."""
        if sessions <= 1:
            return self.alone
        crowd = max(sessions // SESSIONS_AT_FULL_PACE, 1)
        longer_ms = self.together.interval_ms * crowd * self.slowdown
        interval_ms = min(longer_ms, self.alone.interval_ms)
        return replace(self.together, interval_ms=interval_ms)
