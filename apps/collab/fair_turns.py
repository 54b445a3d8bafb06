"""Turns of the event loop: who sends much shares a part of it, one turn after the other.

What a person types is handled as it comes. A connection that has more to decode, a session that
sends faster than people do, and a room with a large batch ask for a turn: a short piece of work, of
which one is done in a round of the loop. So a session whose edits are few waits for one such piece
at most, however many sessions send much (docs/invariants.md, 8).

While sessions with few frames are served, the loop pauses after the turns, so that these take at
most ``TURNS_SHARE`` of its time: otherwise each of the six steps of an edit would wait for a turn.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

#: The share of the event loop's time for all turns together, while others have few frames.
TURNS_SHARE: Final = 0.5
#: A pause is at least that long, in seconds: the resolution of the loop's timers.
MIN_PAUSE_S: Final = 0.001
#: Others are served as long as one of them sent a frame within this time, in seconds.
OTHERS_MEMORY_S: Final = 0.3


class FairTurns:
    """The turns of one event loop. ``now`` returns monotonic seconds."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, now: Callable[[], float] = time.perf_counter
    ) -> None:
        #: Frames of sessions that send few, so far.
        self.light_frames = 0
        self._loop = loop
        self._now = now
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_taken = False
        #: When the work began of the task that has the turn.
        self._began_at: float | None = None
        #: Time of turns that no pause has followed yet, in seconds.
        self._owed_s = 0.0
        self._light_counted = 0
        self._light_until = -math.inf

    @property
    def is_shared(self) -> bool:
        """Return whether sessions with few frames are served beside the turns."""
        now = self._now()
        if self.light_frames != self._light_counted:
            self._light_counted = self.light_frames
            self._light_until = now + OTHERS_MEMORY_S
        return now < self._light_until

    def call(self, work: Callable[[], None]) -> None:
        """Call a function at its turn: now, if nothing else waits for one."""
        self._waiting.append(work)
        if not self._is_taken:
            self._is_taken = True
            self._run_next()

    async def wait(self) -> None:
        """Wait for a turn. It ends when the task waits for something else."""
        turn: asyncio.Future[None] = self._loop.create_future()
        self.call(partial(_begin, turn))
        await turn
        self._began_at = self._now()

    def charge(self, seconds: float) -> None:
        """Count work that a turn causes elsewhere."""
        self._owed_s += seconds

    def _run_next(self) -> None:
        if not self._waiting:
            self._is_taken = False
            return
        work = self._waiting.popleft()
        # After the task whose turn ``work`` begins: that is scheduled now.
        began_at = self._now()
        try:
            work()
        finally:
            self._owed_s += self._now() - began_at
            self._loop.call_soon(self._settle)

    def _settle(self) -> None:
        """End a turn; pause before the next one where others are served."""
        if self._began_at is not None:
            self._owed_s += self._now() - self._began_at
            self._began_at = None
        if not self.is_shared:
            self._owed_s = 0.0
        pause_s = self._owed_s * (1 / TURNS_SHARE - 1)
        if pause_s < MIN_PAUSE_S:
            self._run_next()
            return
        self._owed_s = 0.0
        self._loop.call_later(pause_s, self._run_next)


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, FairTurns] = WeakKeyDictionary()


def get_fair_turns() -> FairTurns:
    """Return the turns of the running event loop."""
    loop = asyncio.get_running_loop()
    turns = _turns.get(loop)
    if turns is None:
        turns = _turns[loop] = FairTurns(loop)
    return turns


def _begin(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)
