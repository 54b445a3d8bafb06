"""Writing sessions: one author's edits of one document without a long pause. Pure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from apps.oplog.selectors import LogWrite

#: A session ends when its author has not written for this long.
SESSION_PAUSE = timedelta(minutes=10)


@dataclass(slots=True)
class WritingSession:
    """One writing session; ``id`` is the id of its row in the trail, 0 until it has one."""

    author_id: str
    first_seq: int
    last_seq: int
    operations: int
    began_at: datetime
    last_at: datetime
    id: int = 0

    @classmethod
    def begin(cls, write: LogWrite) -> Self:
        """Return the session that begins with an edit."""
        at = write.received_at
        return cls(write.author_id, write.seq, write.seq, 1, began_at=at, last_at=at)

    def add(self, write: LogWrite) -> None:
        """Add the author's next edit."""
        self.last_seq = write.seq
        self.operations += 1
        self.last_at = max(self.last_at, write.received_at)

    def is_over(self, at: datetime) -> bool:
        """Return whether the session has ended at ``at``: its author has paused for long enough."""
        return at - self.last_at >= SESSION_PAUSE

    def detail(self) -> dict[str, Any]:
        """Return the ``detail`` of its row in the trail."""
        return {
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "operations": self.operations,
            "began_at": self.began_at.isoformat(),
        }

    @classmethod
    def from_detail(cls, detail: dict[str, Any], *, author_id: str, last_at: datetime) -> Self:
        """Return the session that a row of the trail describes by its ``detail``."""
        names = ("first_seq", "last_seq", "operations")
        began_at = datetime.fromisoformat(detail["began_at"])
        numbers = {name: detail[name] for name in names}
        return cls(author_id=author_id, began_at=began_at, last_at=last_at, **numbers)

    def to_json(self) -> dict[str, Any]:
        """Return the form in which an ongoing session is stored."""
        times = {"began_at": self.began_at.isoformat(), "last_at": self.last_at.isoformat()}
        return asdict(self) | times

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Self:
        """Return a stored session."""
        times = {name: datetime.fromisoformat(row[name]) for name in ("began_at", "last_at")}
        return cls(**{**row, **times})


def writing_sessions_fold(
    ongoing: Iterable[WritingSession], writes: Iterable[LogWrite]
) -> tuple[list[WritingSession], list[WritingSession]]:
    """Return ``(ongoing, ended)`` sessions after more writes of the log, in its order.

    The result does not depend on how the log is split into calls.
    """
    by_author = {session.author_id: session for session in ongoing}
    ended: list[WritingSession] = []
    for write in writes:
        session = by_author.get(write.author_id)
        if session is not None and not session.is_over(write.received_at):
            session.add(write)
            continue
        if session is not None:
            ended.append(session)
        by_author[write.author_id] = WritingSession.begin(write)
    return list(by_author.values()), ended
