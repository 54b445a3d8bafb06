"""A room: one document in this process's memory, and its sessions.

One task per room runs everything that touches the document, step by step: apply what other servers
wrote, bring a batch of edits into the log, answer sync requests, release the lock. The edits wait
in an ``EditQueue``, an ``EditPipeline`` commits them, a ``Fanout`` reaches the sessions. When the
log refuses, the room is discarded and its sessions reconnect (docs/invariants.md, 6).
"""

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable, Sequence

from apps.collab.close_codes import GOING_DOWN, QUARANTINED, TRY_AGAIN, GoingDownError
from apps.collab.edit_pipeline import EditPipeline
from apps.collab.edit_queue import EditQueue
from apps.collab.fanout import Fanout
from apps.collab.live_document import LiveDocument
from apps.collab.presence import Presence
from apps.collab.protocol import AwarenessEntry
from apps.collab.room_context import RoomContext
from apps.collab.session import Session
from apps.collab.submission import Submission
from apps.core import metrics, tracing
from apps.core.errors import QuarantinedError, TransientError
from apps.core.small_event import SmallEvent
from apps.history.loaded_document import LoadedDocument
from apps.oplog.operation import Operation

logger = logging.getLogger(__name__)

#: How long a server that gave up the lock waits before it takes the lock again, in seconds.
YIELD_S = 0.03


class RoomGoneError(TransientError):
    """The room was discarded while it was being used."""

    code = "unavailable"


class Room:
    """One live document of this process. ``on_discard`` is called once, when the room ends."""

    def __init__(
        self,
        *,
        document_id: str,
        lineage: str,
        loaded: LoadedDocument,
        context: RoomContext,
        on_discard: Callable[["Room"], None],
    ) -> None:
        self.document_id = document_id
        self.lineage = lineage
        self.gone = False
        #: When the last session left, monotonic seconds; None while a session is here.
        self.idle_since: float | None = time.monotonic()
        self.presence = Presence(context.limits)
        self.queue = EditQueue(context.limits)
        self.fanout = Fanout(
            document_id,
            presence=self.presence,
            engine=context.engine,
            peer_bus=context.peer_bus,
            cadences=context.cadences,
        )
        self._pipeline = EditPipeline(
            document_id, loaded, context=context, queue=self.queue, fanout=self.fanout
        )
        self._context = context
        self._on_discard = on_discard
        self._closing = False
        self._empty = SmallEvent(is_set=True)
        self._task: asyncio.Task[None] | None = None
        self._lock_release: asyncio.TimerHandle | None = None
        self._lock_wanted = False

    @property
    def live(self) -> LiveDocument:
        """Return the document in memory."""
        return self._pipeline.live

    @property
    def sessions(self) -> set[Session]:
        """Return the sessions of this process."""
        return self.fanout.sessions

    # --- called by sessions ---

    def join(self, session: Session) -> None:
        """Add a session: ask for what it has, and send the presence of the others."""
        self.idle_since = None
        self._empty.clear()
        self.fanout.add(session, self.live)

    def leave(self, session: Session) -> None:
        """Remove a session; the others see it leave. Its queued edits are still committed."""
        self.fanout.remove(session)
        if not self.sessions:
            self.idle_since = time.monotonic()
            self._empty.set()

    def submit(self, submission: Submission) -> None:
        """Queue an edit for the next batch. Raises ``TransientError``."""
        if self.gone:
            raise RoomGoneError("The document is being loaded again. Try again.")
        if self._closing:
            raise GoingDownError("The server is going down. Connect again.")
        if tracing.tracer is not None:
            submission.origin = tracing.tracer.current_context()
        self.queue.add(submission)
        self._wake()

    def sync(self, session: Session, vector: bytes) -> None:
        """Answer a sync step 1, as soon as everything in memory is on disk."""
        self.fanout.request_sync(session, vector)
        self._wake()

    # --- called for other servers ---

    def deliver(self, operations: Sequence[Operation], *, last_seq: int) -> None:
        """Apply a broadcast of another server, up to ``last_seq``; gaps are read from the log."""
        if self._pipeline.add_remote(operations, last_seq=last_seq):
            self._wake()

    def apply_remote_presence(
        self, entries: Sequence[AwarenessEntry], readers: Sequence[int] = ()
    ) -> None:
        """Merge the presence that another server sent; ``readers`` may only read."""
        self.fanout.apply_remote_presence(entries, readers)

    def check_for_gap(self, stored_seq: int) -> None:
        """Catch up when the stored seq is ahead: a broadcast was lost."""
        if stored_seq > self.live.seq and not self._busy:
            metrics.GAPS_REPAIRED.inc()
            self._pipeline.is_behind = True
            self._wake()

    def want_lock(self) -> None:
        """Release the lock after the batch in flight: another server wants to write."""
        self._lock_wanted = True
        self._wake()

    # --- lifecycle ---

    def tick(self, *, at: float) -> None:
        """Expire pending edits, and presence of other servers; give signs of life."""
        self.fanout.keep_alive(at=at)
        self.fanout.queue_presence(self.presence.expire(at=at))
        for submission in self.live.pending.expire(at=at):
            submission.author.on_rejected(submission.unique_id, _never_complete())

    def discard(self, code: int = TRY_AGAIN) -> None:
        """Drop the memory: sessions are closed to reconnect, their edits are to be sent again."""
        if self.gone:
            return
        self.gone = True
        self._on_discard(self)
        self.fanout.close(code)
        error = RoomGoneError("The document could not be stored. Nothing is lost; try again.")
        for submission in [*self.queue.clear(), *self.live.pending.clear()]:
            submission.author.on_rejected(submission.unique_id, error)
        if self._lock_release is not None:
            self._lock_release.cancel()

    async def close(self) -> None:
        """End the room in order: accept no more edits, commit what waits, release the lock."""
        self._closing = True
        if self._task is not None:
            await asyncio.wait([self._task])
        self.discard(GOING_DOWN)
        await self._context.committer.release(self.document_id)
        self.live.document.close()

    async def wait_until_empty(self) -> None:
        """Wait until the last session has left."""
        await self._empty.wait()

    @property
    def is_idle(self) -> bool:
        """Return whether the room has no session and no work."""
        return not (self.sessions or self._busy or self._has_work())

    # --- the room's task ---

    @property
    def _busy(self) -> bool:
        return self._task is not None

    def _wake(self) -> None:
        if self._task is None and not self.gone:
            # A fresh context: the task works for all sessions, not for the request that woke it.
            self._task = asyncio.create_task(
                self._run(), name=f"room-{self.document_id}", context=contextvars.Context()
            )

    async def _run(self) -> None:
        """Step until there is no work."""
        try:
            while not self.gone and self._has_work():
                await self._step()
        except QuarantinedError:
            self.discard(QUARANTINED)
        except Exception:
            metrics.LOOP_ERRORS.labels(loop="room").inc()
            logger.exception("room of %s discarded", self.document_id)
            self.discard()
        finally:
            self._task = None

    def _has_work(self) -> bool:
        return bool(
            self.queue
            or self._pipeline.is_behind
            or self.fanout.has_sync_requests
            or self._lock_wanted
        )

    async def _step(self) -> None:
        if self._pipeline.is_behind:
            await self._pipeline.catch_up()
        if self.queue and await self._pipeline.process_batch():
            self._schedule_lock_release()
        await self.fanout.answer_syncs(self.live)
        if self._lock_wanted:
            self._lock_wanted = False
            if await self._context.committer.release(self.document_id):
                metrics.LOCK_HANDOVERS.inc()
                await asyncio.sleep(YIELD_S)

    def _schedule_lock_release(self) -> None:
        """Release the lock once the document has been quiet for ``lock_idle_s``."""
        if self._lock_release is not None:
            self._lock_release.cancel()
        self._lock_release = asyncio.get_running_loop().call_later(
            self._context.limits.lock_idle_s, self._release_lock_when_quiet
        )

    def _release_lock_when_quiet(self) -> None:
        self._lock_release = None
        if not self._busy:
            self._context.committer.release_soon(self.document_id)


def _never_complete() -> TransientError:
    return TransientError("The edit builds on others that never came. Connect again.")
