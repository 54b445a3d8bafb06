"""Session groups: writing sessions that overlap in the log, as one entry of the history. Pure.

``writing_sessions`` defines a session: the edits of one author without a long pause. Two sessions
whose ranges of the log overlap belong to one group, so groups follow one another in the log without
overlap or gap.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SessionSpan:
    """A session's range of the log, its times and its author.

    ``author_id`` is None if the author has no account.
    """

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
    """Sessions that overlap, the one with the latest edit first; never empty."""

    sessions: list[SessionSpan] = field(default_factory=list)

    @property
    def first_seq(self) -> int:
        """Return the seq of its first operation."""
        return min(session.first_seq for session in self.sessions)

    @property
    def last_seq(self) -> int:
        """Return the seq of its last operation."""
        return max(session.last_seq for session in self.sessions)

    @property
    def operations(self) -> int:
        """Return how many operations it has."""
        return sum(session.operations for session in self.sessions)

    @property
    def began_at(self) -> datetime:
        """Return when its first operation was received."""
        return min(session.began_at for session in self.sessions)

    @property
    def last_at(self) -> datetime:
        """Return when its last operation was received."""
        return max(session.last_at for session in self.sessions)

    @property
    def ongoing(self) -> bool:
        """Return whether one of its sessions is ongoing."""
        return any(session.ongoing for session in self.sessions)


def session_groups_of(sessions: Iterable[SessionSpan]) -> Iterator[SessionGroup]:
    """Yield the groups of sessions, the latest first; sessions come by falling ``last_seq``."""
    group, group_first_seq = SessionGroup(), 0
    for session in sessions:
        if group.sessions and session.last_seq < group_first_seq:
            yield group
            group = SessionGroup()
        group_first_seq = (
            min(group_first_seq, session.first_seq) if group.sessions else session.first_seq
        )
        group.sessions.append(session)
    if group.sessions:
        yield group
