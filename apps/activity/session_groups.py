"""Sittings: sessions of writing that went on at the same time, as one. Pure.

What a session is, ``sessions`` alone decides: one author, without a long pause. Two whose places in
the log overlap share a sitting, so sittings follow one another in the log without overlap or gap.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Span:
    """A session's place in the log and in time, and who wrote; ``author_id`` None is nobody now."""

    first_seq: int
    last_seq: int
    operations: int
    began_at: datetime
    last_at: datetime
    ongoing: bool
    author_id: int | None
    username: str | None
    name: str | None


@dataclass(slots=True)
class SessionGroup:
    """Sessions that overlap, the one that went on longest first; never empty."""

    sessions: list[Span] = field(default_factory=list)

    @property
    def first_seq(self) -> int:
        """Return its first operation."""
        return min(each.first_seq for each in self.sessions)

    @property
    def last_seq(self) -> int:
        """Return its last operation."""
        return max(each.last_seq for each in self.sessions)

    @property
    def operations(self) -> int:
        """Return how many operations it has."""
        return sum(each.operations for each in self.sessions)

    @property
    def began_at(self) -> datetime:
        """Return when its first operation was received."""
        return min(each.began_at for each in self.sessions)

    @property
    def last_at(self) -> datetime:
        """Return when its last operation was received."""
        return max(each.last_at for each in self.sessions)

    @property
    def ongoing(self) -> bool:
        """Tell whether anybody writes on."""
        return any(each.ongoing for each in self.sessions)


def session_groups_of(sessions: Iterable[Span]) -> Iterator[SessionGroup]:
    """Yield the sittings of sessions that come by falling ``last_seq``, the latest first."""
    sitting, begins = SessionGroup(), 0
    for session in sessions:
        if sitting.sessions and session.last_seq < begins:
            yield sitting
            sitting = SessionGroup()
        begins = min(begins, session.first_seq) if sitting.sessions else session.first_seq
        sitting.sessions.append(session)
    if sitting.sessions:
        yield sitting
