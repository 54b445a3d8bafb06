"""A room: a document in memory, its sessions, and their edits (docs/system-flow.md, §4).

One task per room does everything that touches the document, in turns: take in what other servers
wrote, merge a batch, commit it, acknowledge, broadcast, answer who wants to sync. Between two
turns the document equals the log. When the log refuses, the room is discarded and its sessions
come back (docs/invariants.md, 6).
"""

import asyncio
import contextlib
import contextvars
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from apps.collab import protocol
from apps.collab.close_codes import GOING_DOWN, TRY_AGAIN, GoingDownError
from apps.collab.committer import Committer
from apps.collab.limits import Limits
from apps.collab.live_document import BrokenDocumentError, LiveDocument
from apps.collab.peer_bus import PeerBus, operations_message
from apps.collab.presence import Presence
from apps.collab.protocol import AwarenessEntry
from apps.collab.session import Session
from apps.collab.submission import Draft, Submission
from apps.core import clock, failpoints, ids, metrics, tracing
from apps.core.errors import InvalidInputError, TransientError
from apps.core.logs import operations_are_logged
from apps.core.small_event import SmallEvent
from apps.core.tracing import Trace, Tracer
from apps.crdt.codec.vectors import encode_vector
from apps.crdt.engine.base import Engine
from apps.documents.models import EMPTY_VERSION_VECTOR
from apps.history.loaded_document import LoadedDocument
from apps.history.recovery import log_state
from apps.oplog.compaction_point import compacted_find
from apps.oplog.operation import Operation
from apps.oplog.quarantine import edit_quarantine
from apps.oplog.selectors import operations_find, operations_since
from apps.oplog.services import Append, AppendState

logger = logging.getLogger(__name__)

#: How long a server that was asked for the lock stands back before it wants it again, in seconds.
YIELD_S = 0.03
#: How often a room looks whether the lock is free, in seconds: between this and twice this.
LOCK_POLL_S = 0.01
#: How long the whole document is kept as a frame, in seconds.
FULL_STATE_TTL_S = 5.0
#: How long presence is gathered before it is sent on, in seconds.
PRESENCE_TICK_S = 0.03
#: How often the log may disagree during one commit before the room gives up.
MAX_COMMIT_CONFLICTS = 50


class RoomGoneError(TransientError):
    """The room was discarded while it was being used."""

    code = "unavailable"


@dataclass(frozen=True, slots=True)
class RoomContext:
    """What all rooms of a process share."""

    committer: Committer
    exchange: PeerBus
    engine: Engine
    limits: Limits
    load: Callable[[str], Awaitable[LoadedDocument]]
    forget: Callable[["Room"], None]


class Room:
    """One live document of this process."""

    def __init__(
        self, *, document_id: str, lineage: str, loaded: LoadedDocument, context: RoomContext
    ) -> None:
        self.document_id = document_id
        self.lineage = lineage
        self.sessions: set[Session] = set()
        self.presence = Presence(context.limits)
        self.live = LiveDocument(loaded, engine=context.engine, limits=context.limits)
        self.gone = False
        self._closing = False
        #: Since when nobody is here, monotonic seconds; None while somebody is.
        self.idle_since: float | None = time.monotonic()
        self._empty = SmallEvent(is_set=True)
        self._context = context
        self._queue: list[Submission] = []
        self._queue_bytes = 0
        #: How many batches were taken out of the queue.
        self.batches = 0
        self._taken = SmallEvent(is_set=True)
        #: Since when the oldest of the queue waits, by the performance counter; where a batch left
        #: some behind, since when the oldest of that batch did.
        self._queued_at = 0.0
        #: The batch that is on its way into the log.
        self._in_hand: list[Submission] = []
        self._remote: list[Operation] = []
        self._behind = False
        #: Who wants to sync, and the vector that it named last: one answer is enough.
        self._sync_waiters: dict[Session, bytes] = {}
        #: The seq, and the frame that tells somebody who has nothing all up to it.
        self._whole: tuple[int, bytes] | None = None
        self._said: dict[int, AwarenessEntry] = {}
        self._task: asyncio.Task[None] | None = None
        self._quiet: asyncio.TimerHandle | None = None
        self._lock_wanted = False

    # --- what sessions and other servers ask of it ---

    def join(self, session: Session) -> None:
        """Let a session in: ask what it has, and tell it who is here."""
        self.sessions.add(session)
        self.idle_since = None
        self._empty.clear()
        session.push(protocol.encode_sync_step1(encode_vector(self.live.vector)))
        states = self.presence.entries()
        if states:
            session.push(protocol.encode_awareness(states))

    def leave(self, session: Session) -> None:
        """Let a session go; the others see it leave. What it handed in is still committed."""
        self.sessions.discard(session)
        self._sync_waiters.pop(session, None)
        self.say(self.presence.leave(session))
        if not self.sessions:
            self.idle_since = time.monotonic()
            self._empty.set()

    def submit(self, submission: Submission) -> None:
        """Queue an edit for the next batch. Raises ``TransientError`` when too much waits."""
        if self.gone:
            raise RoomGoneError("The document is being loaded anew. Try again.")
        if self._closing:
            raise GoingDownError("The server is going down. Connect again.")
        self._queue_bytes += len(submission.update)
        if self._queue_bytes > self._context.limits.queue_bytes:
            self._queue_bytes -= len(submission.update)
            raise TransientError(
                "Edits come faster than they can be stored. Try again shortly.",
                extra={"limit": "queue_bytes"},
            )
        if tracing.tracer is not None:
            submission.origin = tracing.tracer.here()
        if not self._queue:
            self._queued_at = time.perf_counter()
        self._queue.append(submission)
        self._taken.clear()
        self._kick()

    async def until_taken(self) -> None:
        """Wait until the queue has been taken into a batch, or the room is gone."""
        await self._taken.wait()

    def sync(self, session: Session, vector: bytes) -> None:
        """Answer a sync step 1 as soon as all that is in memory is on disk."""
        self._sync_waiters[session] = vector
        self._kick()

    def say(self, entries: Sequence[AwarenessEntry]) -> None:
        """Tell everybody here and on other servers of changed presence, a tick later at most."""
        if not entries:
            return
        if not self._said:
            asyncio.get_running_loop().call_later(PRESENCE_TICK_S, self._say_all)
        self._said.update((entry.client, entry) for entry in entries)

    def hear(self, entries: Sequence[AwarenessEntry]) -> None:
        """Take in the presence that another server sent."""
        changed = self.presence.merge_remote(entries, at=time.monotonic())
        if changed:
            self._push(protocol.encode_awareness(changed))

    def deliver(self, operations: Sequence[Operation], *, last_seq: int) -> None:
        """Take in a broadcast of another server, up to ``last_seq``; gaps are read from the log."""
        if last_seq <= self.live.seq:
            return
        self._remote.extend(operations)
        self._behind = True
        self._kick()

    def compare(self, stored_seq: int) -> None:
        """Catch up when the stored seq is ahead: a broadcast was lost."""
        if stored_seq > self.live.seq and not self._busy:
            metrics.GAPS_REPAIRED.inc()
            self._behind = True
            self._kick()

    def want_lock(self) -> None:
        """Another server wants to write: give the lock up after the batch in flight."""
        self._lock_wanted = True
        self._kick()

    def tick(self, *, at: float) -> None:
        """Do what time brings: forget what waited too long, here and on other servers."""
        self.say(self.presence.expire(at=at))
        for submission in self.live.pending.expire(at=at):
            submission.author.on_rejected(submission.unique_id, _never_complete())

    def discard(self, code: int = TRY_AGAIN) -> None:
        """Throw the memory away; sessions are told to come back, edits in hand to be repeated."""
        if self.gone:
            return
        self.gone = True
        self._context.forget(self)
        for session in list(self.sessions):
            session.close(code)
        error = RoomGoneError("The document could not be stored. Nothing is lost; try again.")
        for submission in [*self._in_hand, *self._queue, *self.live.pending.clear()]:
            submission.author.on_rejected(submission.unique_id, error)
        self._queue.clear()
        self._taken.set()
        if self._quiet is not None:
            self._quiet.cancel()

    async def close(self) -> None:
        """End the room in order: take nothing more, commit what waits, give the lock up."""
        self._closing = True
        if self._task is not None:
            await asyncio.wait([self._task])
        self.discard(GOING_DOWN)
        await self._context.committer.release(self.document_id)
        self.live.document.close()

    async def until_empty(self) -> None:
        """Wait until the last session has gone."""
        await self._empty.wait()

    @property
    def queued_bytes(self) -> int:
        """Return the size of the updates that wait for the log."""
        return self._queue_bytes

    @property
    def is_idle(self) -> bool:
        """Tell whether nobody is here and nothing is left to do."""
        return not (self.sessions or self._busy or self._has_work())

    @property
    def _busy(self) -> bool:
        return self._task is not None

    # --- the room's own task ---

    def _kick(self) -> None:
        if self._task is None and not self.gone:
            # In a context of its own: what a room does, it does for all of its sessions, and not in
            # the name of the one request that woke it.
            self._task = asyncio.create_task(
                self._run(), name=f"room-{self.document_id}", context=contextvars.Context()
            )

    async def _run(self) -> None:
        """Take turns until there is nothing to do."""
        try:
            while not self.gone and self._has_work():
                await self._turn()
        except Exception:
            metrics.LOOP_ERRORS.labels(loop="room").inc()
            logger.exception("room of %s discarded", self.document_id)
            self.discard()
        finally:
            self._task = None

    def _has_work(self) -> bool:
        return bool(self._queue or self._behind or self._sync_waiters or self._lock_wanted)

    async def _turn(self) -> None:
        if self._behind:
            await self._catch_up()
        if self._queue:
            await self._take_edits()
        await self._answer_syncs()
        if self._lock_wanted:
            self._lock_wanted = False
            if await self._context.committer.release(self.document_id):
                metrics.LOCK_HANDOVERS.inc()
                await asyncio.sleep(YIELD_S)

    async def _take_edits(self) -> None:
        """Take a batch of what waits all the way, traced where somebody wants that."""
        queued_at = self._queued_at
        self._in_hand = self._take_batch()
        taken_at = time.perf_counter()
        metrics.STEP_QUEUE.observe(taken_at - queued_at)
        if failpoints.armed:
            await failpoints.reach_when_sent("after_receipt")
        if tracing.tracer is None:
            await self._edit(queued_at, None)
        else:
            with self._trace(tracing.tracer, queued_at, taken_at) as trace:
                await self._edit(queued_at, trace)
        self._in_hand = []

    async def _edit(self, queued_at: float, trace: Trace | None) -> None:
        drafts = await self._without_packed(await self._form(self._in_hand, trace))
        if drafts:
            await self._commit(drafts, trace)
            metrics.STEP_EDIT.observe(time.perf_counter() - queued_at)
            self._rest_later()

    @contextlib.contextmanager
    def _trace(self, tracer: Tracer, queued_at: float, taken_at: float) -> Iterator[Trace]:
        """Trace the batch in hand, from where the first of it began to be read."""
        began = queued_at - self._in_hand[0].receipt_s
        names = {each.author.request_id for each in self._in_hand}
        with tracer.edit(
            document_id=self.document_id,
            origins=[each.origin for each in self._in_hand],
            request_ids={name for name in names if name is not None},
            started=began,
        ) as trace:
            trace.step("receipt", began, queued_at)
            trace.step("queue", queued_at, taken_at)
            yield trace

    def _take_batch(self) -> list[Submission]:
        batch: list[Submission] = []
        size = 0
        for submission in self._queue:
            if size >= self._context.limits.batch_bytes:
                break
            size += len(submission.update)
            batch.append(submission)
        self._queue = self._queue[len(batch) :]
        self._queue_bytes -= size
        self.batches += 1
        if not self._queue:
            self._taken.set()
        return batch

    async def _form(self, batch: list[Submission], trace: Trace | None) -> list[Draft]:
        """Merge a batch; when an update breaks the engine, do it again without that one."""
        while True:
            laps = metrics.StepTimer(trace)
            try:
                drafts = self.live.prepare(batch, at=time.monotonic())
            except BrokenDocumentError as err:
                logger.error("an update broke the engine: %s", self.document_id)
                await self._set_aside(err.culprit)
                batch = err.retry
                await self._rebuild()
            else:
                laps.lap(metrics.STEP_MERGE)
                return drafts

    async def _without_packed(self, drafts: list[Draft]) -> list[Draft]:
        """Answer the drafts that are operations of before a compaction; return the others.

        Of those that bring nothing, for the document has all that is compacted: so the way of
        nearly every edit has no query more.
        """
        doubtful = [draft.unique_id for draft in drafts if draft.is_noop]
        if not doubtful:
            return drafts
        found = await asyncio.to_thread(
            compacted_find, document_id=self.document_id, unique_ids=doubtful
        )
        for draft in drafts:
            if draft.unique_id in found:
                self.live.mark_duplicate(draft, found[draft.unique_id])
        return [draft for draft in drafts if draft.unique_id not in found]

    async def _set_aside(self, culprit: Submission) -> None:
        """Refuse an edit that broke the engine, and keep it in quarantine for a person to look."""
        error = _breaks_engine()
        edit = Operation(
            document_id=self.document_id,
            seq=0,
            unique_id=culprit.unique_id or ids.new_id(),
            author_id=culprit.author.user_id,
            received_at=clock.now(),
            version_vector=encode_vector(self.live.vector),
            update=culprit.update,
        )
        try:
            await asyncio.to_thread(edit_quarantine, edit, error)
        finally:
            culprit.author.on_rejected(culprit.unique_id, error)

    async def _rebuild(self) -> None:
        """Make the in-memory document anew from the log, and tell what was missed meanwhile."""
        loaded = await self._context.load(self.document_id)
        missed = await self._read_log()
        self._broadcast(missed[: loaded.seq - self.live.seq])
        self._behind = len(missed) > loaded.seq - self.live.seq
        pending = self.live.pending
        self.live = LiveDocument(loaded, engine=self._context.engine, limits=self._context.limits)
        self.live.pending = pending

    # --- commit ---

    async def _commit(self, drafts: list[Draft], trace: Trace | None) -> None:
        """Make drafts durable, tell their authors, broadcast."""
        disagreements = 0
        give_up_at = time.monotonic() + self._context.limits.lock_wait_s
        while drafts:
            operations = self.live.assign_seqs(drafts, document_id=self.document_id, at=clock.now())
            laps = metrics.StepTimer(trace)
            answer = await self._context.committer.append(
                Append(self.document_id, operations, trace)
            )
            laps.lap(metrics.STEP_COMMIT)
            if answer.stored:
                await self._settle(drafts[: answer.stored], operations[: answer.stored], trace)
                drafts = drafts[answer.stored :]
            if answer.state is AppendState.LOCKED:
                await self._wait_for_lock(give_up_at)
            elif answer.state is AppendState.BEHIND:
                disagreements += 1
                if disagreements > MAX_COMMIT_CONFLICTS:
                    raise TransientError("The log moves faster than this server can follow.")
                drafts = await self._agree(drafts, trace)

    async def _settle(
        self, drafts: Sequence[Draft], operations: Sequence[Operation], trace: Trace | None
    ) -> None:
        """Tell of what is durable, the authors first. Without an armed point it never waits."""
        if failpoints.armed:
            failpoints.reach("before_ack")
        if trace is not None:
            trace.logged([operation.unique_id for operation in operations], operations[0].seq)
        laps = metrics.StepTimer(trace)
        self.live.mark_persisted(drafts, operations)
        laps.lap(metrics.STEP_ACK)
        if failpoints.armed:
            await failpoints.reach_when_sent("before_broadcast")
        self._broadcast(operations, [draft.author for draft in drafts])
        if not self._context.exchange.is_alone(self.document_id):
            self._context.exchange.publish(operations_message(operations))
        laps.lap(metrics.STEP_BROADCAST)

    async def _wait_for_lock(self, give_up_at: float) -> None:
        metrics.LOCK_WAITS.inc()
        if time.monotonic() > give_up_at:
            raise TransientError("Another server holds the document's lock.")
        self._context.exchange.publish({"type": "lock_wanted", "document_id": self.document_id})
        await asyncio.sleep(LOCK_POLL_S * (1 + random.random()))  # noqa: S311 - spreads the polls

    async def _agree(self, drafts: list[Draft], trace: Trace | None) -> list[Draft]:
        """Take in what the log has and this room lacks; return the drafts that are not in it."""
        by_id = {draft.unique_id: draft for draft in drafts}
        found = await asyncio.to_thread(
            operations_find, document_id=self.document_id, unique_ids=list(by_id)
        )
        await self._catch_up()
        for unique_id, operation in found.items():
            draft = by_id.pop(unique_id)
            for submission in [*draft.submissions, *draft.repeats]:
                if submission.unique_id is not None:
                    submission.author.on_duplicate(unique_id, operation.seq)
            if draft.update != operation.update:
                # Another edit under a used id: it is merged in memory and never in the log.
                await self._rebuild()
                kept = [kept for d in by_id.values() for kept in [*d.submissions, *d.repeats]]
                return await self._form(kept, trace)
        left = list(by_id.values())
        self.live.finalize(left)
        return left

    # --- other servers ---

    async def _catch_up(self) -> None:
        """Merge and broadcast what other servers wrote: from the broadcast, else from the log."""
        self._behind = False
        remote, self._remote = self._remote, []
        by_seq = {op.seq: op for op in remote if op.seq > self.live.seq}
        fresh = [by_seq[seq] for seq in sorted(by_seq)]
        if not fresh or fresh[-1].seq - self.live.seq != len(fresh):
            fresh = await self._read_log()
        for operation in fresh:
            self.live.apply_remote(operation)
        self._broadcast(fresh)

    async def _read_log(self) -> list[Operation]:
        return await asyncio.to_thread(
            operations_since, document_id=self.document_id, after=self.live.seq
        )

    # --- out ---

    def _broadcast(
        self, operations: Sequence[Operation], authors: Sequence[object] | None = None
    ) -> None:
        """Send durable operations to every session here, each form of frame encoded once.

        Stock clients get one merged frame, native ones a frame for each operation but their own
        (``authors``, one for each operation), of which the ack has told them.
        """
        if not operations or not self.sessions:
            return
        if operations_are_logged():
            for operation in operations:
                operation.log("broadcast")
        plain: bytes | None = None
        native: list[tuple[object, bytes]] | None = None
        for session in self.sessions:
            if not session.native:
                plain = plain or self._plain_frame(operations)
                session.push(plain)
                continue
            if native is None:
                frames = map(_operation_frame, operations)
                native = list(zip(authors or [None] * len(operations), frames, strict=True))
            for author, frame in native:
                if author is not session:
                    session.push(frame)

    def _plain_frame(self, operations: Sequence[Operation]) -> bytes:
        updates = [operation.update for operation in operations]
        merged = updates[0] if len(updates) == 1 else self._context.engine.merge(updates)
        return protocol.encode_sync_update(merged)

    async def _answer_syncs(self) -> None:
        waiters, self._sync_waiters = self._sync_waiters, {}
        whole: bytes | None = None
        if waiters and not self.live.has_everything():
            whole = await asyncio.to_thread(
                log_state, document_id=self.document_id, up_to=self.live.seq
            )
        for session, vector in waiters.items():
            if whole is not None:
                session.push(protocol.encode_sync_step2(whole))
            elif vector == EMPTY_VERSION_VECTOR:
                session.push(self._whole_frame())
            else:
                session.push(protocol.encode_sync_step2(self.live.document.encode(vector)))

    def _whole_frame(self) -> bytes:
        """Return the answer to one who has nothing yet; kept for a while, for those who come now.

        No longer than that: it may be as large as the document.
        """
        if self._whole is None or self._whole[0] != self.live.seq:
            frame = protocol.encode_sync_step2(self.live.document.encode(EMPTY_VERSION_VECTOR))
            self._whole = (self.live.seq, frame)
            asyncio.get_running_loop().call_later(FULL_STATE_TTL_S, self._drop_whole, frame)
        return self._whole[1]

    def _drop_whole(self, frame: bytes) -> None:
        if self._whole is not None and self._whole[1] is frame:
            self._whole = None

    def _push(self, frame: bytes) -> None:
        for session in self.sessions:
            session.push(frame)

    def _say_all(self) -> None:
        entries, self._said = list(self._said.values()), {}
        if self.gone:
            return
        frame = protocol.encode_awareness(entries)
        self._push(frame)
        if not self._context.exchange.is_alone(self.document_id):
            self._context.exchange.publish(
                {"type": "presence", "document_id": self.document_id, "frame": frame}
            )

    def _rest_later(self) -> None:
        """Give the lock up once the document has been quiet for a while."""
        if self._quiet is not None:
            self._quiet.cancel()
        self._quiet = asyncio.get_running_loop().call_later(
            self._context.limits.quiet_s, self._rest
        )

    def _rest(self) -> None:
        self._quiet = None
        if not self._busy:
            self._context.committer.release_soon(self.document_id)


def _operation_frame(operation: Operation) -> bytes:
    return protocol.encode_operation(
        operation.document_id,
        operation.unique_id,
        operation.version_vector,
        operation.update,
        operation.seq,
        operation.author_id,
    )


def _never_complete() -> TransientError:
    return TransientError("The edit builds on others that never came. Connect again.")


def _breaks_engine() -> InvalidInputError:
    return InvalidInputError(
        "The edit cannot be applied; nothing of it is stored.", code="rejected"
    )
