"""The cadence of a room: how densely its pages send what is typed (docs/system-flow.md, §4).

Whoever writes alone sends an operation after a pause. With others present, letters appear as they
are typed. The more sessions, the longer the interval: what all of them receive in a second grows
with the square of their number. Pure; the values come from ``settings.COLLAB_CADENCE``.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

#: Sessions for which the interval is the shortest one; for n times as many it is n times as long.
SESSIONS_AT_FULL_PACE: Final = 10


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


@dataclass(frozen=True, slots=True)
class CadencePolicy:
    """The cadence of somebody who is alone in a document, and of people who are there together."""

    alone: Cadence = field(default_factory=lambda: Cadence(200, 2_000, 20))
    together: Cadence = field(default_factory=lambda: Cadence(0, 84, 20))

    def cadence(self, sessions: int) -> Cadence:
        """Return the cadence for a number of sessions."""
        if sessions <= 1:
            return self.alone
        crowd = max(sessions // SESSIONS_AT_FULL_PACE, 1)
        interval_ms = min(self.together.interval_ms * crowd, self.alone.interval_ms)
        return replace(self.together, interval_ms=interval_ms)
