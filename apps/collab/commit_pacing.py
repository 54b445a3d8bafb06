"""Commit pacing: how long after one commit the next may begin (docs/system-flow.md, §4).

A commit costs nearly the same for one edit as for twenty, and an edit of a busy process nearly
always finds no commit in flight that it could share. So commits keep an interval, which follows the
rate of edits: none while the edits of the process are rare. Pure; the caller has the clock, and the
longest interval is ``settings.COMMIT_INTERVAL_MS``.
"""

import math
from dataclasses import dataclass
from typing import Final

#: Appends in a second, of all rooms of a process, up to which commits have no interval, and from
#: which on they have the longest one.
SPARSE_PER_S: Final = 100
DENSE_PER_S: Final = 400
#: The rate is the mean of about this time, in seconds: shorter than a person waits, longer than
#: some people press a key at one moment.
MEMORY_S: Final = 0.5


@dataclass(slots=True)
class CommitPacing:
    """The interval between the beginnings of two commits. Times are in monotonic seconds.

    The rate counts what rooms append, not commits: a longer interval makes fewer of these. A room
    has one append in flight, so one flooded document raises the rate to that of its commits.
    """

    longest_s: float = 0.01
    _rate: float = 0.0
    _rate_at: float = 0.0
    _begun_at: float = -math.inf

    def note_append(self, at: float) -> None:
        """Count what one room appends."""
        self._rate = self.rate_per_s(at) + 1 / MEMORY_S
        self._rate_at = at

    def note_commit(self, at: float) -> None:
        """Note that a commit begins."""
        self._begun_at = at

    def rate_per_s(self, at: float) -> float:
        """Return how many times in a second rooms append."""
        return self._rate * math.exp(min(self._rate_at - at, 0.0) / MEMORY_S)

    def interval_s(self, at: float) -> float:
        """Return the present interval."""
        share = (self.rate_per_s(at) - SPARSE_PER_S) / (DENSE_PER_S - SPARSE_PER_S)
        return self.longest_s * min(max(share, 0.0), 1.0)

    def wait_s(self, at: float) -> float:
        """Return how long the next commit waits, 0 when it may begin."""
        return max(self._begun_at + self.interval_s(at) - at, 0.0)
