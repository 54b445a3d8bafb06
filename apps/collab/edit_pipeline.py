"""The way of a room's edits (docs/system-flow.md, §4): merge, commit, acknowledge, broadcast.

The methods of one ``EditPipeline`` run one after another, in the room's task. Between two of them
the document equals the log. When one raises, the room must be discarded
(docs/invariants.md, 6).
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from apps.collab.batch import Batch, is_small, parts_of
from apps.collab.collisions import collide
from apps.collab.edit_queue import EditQueue
from apps.collab.fair_turns import get_fair_turns
from apps.collab.fanout import Fanout
from apps.collab.live_document import MAX_PREPARED_BYTES, BrokenDocumentError, LiveDocument
from apps.collab.room_context import RoomContext
from apps.collab.submission import SURVEY_IN_THREAD_BYTES, Draft, Submission
from apps.core import clock, failpoints, ids, metrics, tracing
from apps.core.errors import InvalidInputError, TransientError
from apps.core.tracing import Trace, Tracer
from apps.crdt.codec.vectors import encode_vector
from apps.history.crash_notes import work_noted
from apps.history.loaded_document import LoadedDocument
from apps.oplog.compaction_point import compacted_find
from apps.oplog.operation import Operation
from apps.oplog.quarantine import edit_quarantine
from apps.oplog.selectors import operations_find, operations_since
from apps.oplog.services import Append, AppendState

logger = logging.getLogger(__name__)

#: How often a room asks whether the lock is free, in seconds: between this and twice this.
LOCK_POLL_S = 0.01
#: How often the log may conflict during one commit before the room gives up.
MAX_COMMIT_CONFLICTS = 50


class EditPipeline:
    """Brings batches of edits into the log, and operations of other servers into the document."""

    def __init__(
        self,
        document_id: str,
        loaded: LoadedDocument,
        *,
        context: RoomContext,
        queue: EditQueue,
        fanout: Fanout,
    ) -> None:
        #: The log may have operations that the document lacks.
        self.is_behind = False
        self._document_id = document_id
        self._context = context
        self._queue = queue
        self._fanout = fanout
        self._remote: list[Operation] = []
        self.live = self._document_of(loaded)

    # --- edits of this server ---

    async def process_batch(self) -> bool:
        """Bring a batch of the queue into the log; tell whether anything was committed."""
        queued_at = self._queue.queued_at
        batch = self._queue.take_batch()
        taken_at = time.perf_counter()
        metrics.STEP_QUEUE.observe(taken_at - queued_at)
        if failpoints.armed:
            await failpoints.reach_when_sent("after_receipt")
        if tracing.tracer is None:
            committed = await self._process(batch, queued_at, None)
        else:
            with self._trace(tracing.tracer, batch, queued_at, taken_at) as trace:
                committed = await self._process(batch, queued_at, trace)
        self._queue.in_hand = []
        return committed

    async def _process(
        self, batch: list[Submission], queued_at: float, trace: Trace | None
    ) -> bool:
        committed = False
        while batch:
            drafts = await self._answer_compacted(await self._merge(batch, trace))
            if drafts:
                await self._commit(drafts, trace)
                committed = True
            else:
                await asyncio.sleep(0)  # others get their turn where all of it was refused
            if self.live.is_index_behind:
                await self._look(self.live.index_waiting, batch[0].author.user_id)
            batch = await self._prepare_held(self.live.take_held())
        if committed:
            metrics.STEP_EDIT.observe(time.perf_counter() - queued_at)
        return committed

    async def _look(self, check: Callable[[], None], user_id: str) -> None:
        """Run a check that takes long, for an edit of a person.

        It runs in a thread, unless the engine is bound to this one.
        """
        if self._context.engine.thread_bound:
            check()
        else:
            await self._context.large_edits.check(check, user_id=user_id)

    async def _prepare_held(self, held: list[Submission]) -> list[Submission]:
        """Compare, survey or rehearse the first of the held edits; return those to go on with.

        Until that is done this room waits, and no other.
        """
        if held and self.live.needs_comparison:
            with work_noted(self._document_id):
                compare = partial(self.live.compare, held[0], at=time.monotonic())
                await self._look(compare, held[0].author.user_id)
            return held
        if not held or not self.live.needs_rehearsal:
            if held and not held[0].is_surveyed:
                await self._look(partial(self.live.survey, held[0]), held[0].author.user_id)
            return held
        first = held[0]
        with work_noted(self._document_id):
            state = self.live.document.encode()
        error = await self._context.rehearsals.run(
            user_id=first.author.user_id, state=state, update=first.update
        )
        if error is None:
            self.live.mark_rehearsed(first)
            return held
        logger.warning(
            "an edit of %s in %s was tried and refused: %s",
            first.author.user_id,
            self._document_id,
            error.code,
        )
        self.live.refuse(first, error)
        return held[1:]

    @contextlib.contextmanager
    def _trace(
        self, tracer: Tracer, batch: list[Submission], queued_at: float, taken_at: float
    ) -> Iterator[Trace]:
        """Trace a batch from the moment when its first edit began to be decoded."""
        began = queued_at - batch[0].receipt_s
        request_ids = {submission.author.request_id for submission in batch}
        with tracer.edit(
            document_id=self._document_id,
            origins=[submission.origin for submission in batch],
            request_ids={request_id for request_id in request_ids if request_id is not None},
            started=began,
        ) as trace:
            trace.step("receipt", began, queued_at)
            trace.step("queue", queued_at, taken_at)
            yield trace

    async def _merge(self, batch: list[Submission], trace: Trace | None) -> list[Draft]:
        """Merge a batch; quarantine an edit that breaks the engine and merge the rest again."""
        while True:
            timer = metrics.StepTimer(trace)
            try:
                drafts = await self._prepare(batch)
            except BrokenDocumentError as err:
                logger.error("an update broke the engine: %s", self._document_id)
                await self._quarantine(err.culprit)
                batch = err.retry
                await self._rebuild()
            else:
                timer.lap(metrics.STEP_MERGE)
                return drafts

    async def _prepare(self, submissions: list[Submission]) -> list[Draft]:
        """Merge a batch, a large one in parts; each part waits for a turn of the event loop.

        Raises as ``LiveDocument.prepare`` does.
        """
        if is_small(submissions):
            with work_noted(self._document_id):
                return self.live.prepare(submissions, at=time.monotonic())
        turns, batch, merged = get_fair_turns(), Batch(self.live.vector, self.live.owners), 0
        for part in parts_of(submissions, is_shared=turns.is_shared):
            await turns.wait()
            merged += len(part)
            try:
                with work_noted(self._document_id):
                    self.live.merge(batch, part, at=time.monotonic())
            except BrokenDocumentError as err:
                err.retry += submissions[merged:]
                raise
            if self.live.held:
                self.live.held += submissions[merged:]
                break
        self.live.finalize(batch.drafts)
        return batch.drafts

    async def _answer_compacted(self, drafts: list[Draft]) -> list[Draft]:
        """Answer the drafts that repeat a compacted operation; return the others.

        Only drafts that change nothing can repeat one, because the document already contains
        everything compacted. So a normal edit costs no further query.
        """
        doubtful = [draft.unique_id for draft in drafts if draft.is_noop]
        if not doubtful:
            return drafts
        found = await asyncio.to_thread(
            compacted_find, document_id=self._document_id, unique_ids=doubtful
        )
        for draft in drafts:
            if draft.unique_id in found:
                self.live.mark_duplicate(draft, found[draft.unique_id])
        return [draft for draft in drafts if draft.unique_id not in found]

    async def _quarantine(self, culprit: Submission) -> None:
        """Reject an edit that broke the engine, and store it in quarantine for an operator."""
        error = _breaks_engine()
        edit = Operation(
            document_id=self._document_id,
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
        """Load the document again from the log, and broadcast what it gained meanwhile."""
        loaded = await self._context.load(self._document_id)
        missed = await self._read_log()
        self._fanout.update_schema(loaded.schema_version)
        self._fanout.broadcast(missed[: loaded.seq - self.live.seq])
        self.is_behind = len(missed) > loaded.seq - self.live.seq
        pending = self.live.pending
        self.live = self._document_of(loaded)
        self.live.pending = pending

    def _document_of(self, loaded: LoadedDocument) -> LiveDocument:
        return LiveDocument(
            loaded,
            engine=self._context.engine,
            limits=self._context.limits,
            announced_by=self._fanout.announced_by,
            accepts_relays=self._context.accepts_relays,
        )

    # --- commit ---

    async def _commit(self, drafts: list[Draft], trace: Trace | None) -> None:
        """Make drafts durable, acknowledge and broadcast them."""
        conflicts = 0
        give_up_at = time.monotonic() + self._context.limits.lock_wait_s
        while drafts:
            operations = self.live.assign_seqs(
                drafts, document_id=self._document_id, at=clock.now()
            )
            timer = metrics.StepTimer(trace)
            answer = await self._context.committer.append(
                Append(self._document_id, operations, trace, vector=self.live.vector)
            )
            timer.lap(metrics.STEP_COMMIT)
            if answer.stored:
                stored = slice(answer.stored)
                await self._acknowledge(drafts[stored], operations[stored], trace)
                drafts = drafts[answer.stored :]
            if answer.state is AppendState.LOCKED:
                await self._wait_for_lock(give_up_at)
            elif answer.state is AppendState.CONFLICT:
                conflicts += 1
                if conflicts > MAX_COMMIT_CONFLICTS:
                    raise TransientError("The log moves faster than this server can follow.")
                drafts = await self._reconcile_with_log(drafts, trace)

    async def _acknowledge(
        self, drafts: Sequence[Draft], operations: Sequence[Operation], trace: Trace | None
    ) -> None:
        """Acknowledge durable drafts, then broadcast them. Without a failpoint it never waits."""
        if failpoints.armed:
            failpoints.reach("before_ack")
        if trace is not None:
            trace.logged([operation.unique_id for operation in operations], operations[0].seq)
        timer = metrics.StepTimer(trace)
        self.live.mark_persisted(drafts, operations)
        timer.lap(metrics.STEP_ACK)
        if failpoints.armed:
            await failpoints.reach_when_sent("before_broadcast")
        self._fanout.update_schema(self.live.loaded.schema_version)
        self._fanout.broadcast(operations, [draft.author for draft in drafts])
        self._fanout.publish(operations)
        timer.lap(metrics.STEP_BROADCAST)

    async def _wait_for_lock(self, give_up_at: float) -> None:
        metrics.LOCK_WAITS.inc()
        if time.monotonic() > give_up_at:
            raise TransientError("Another server holds the document's lock.")
        self._context.peer_bus.publish({"type": "lock_wanted", "document_id": self._document_id})
        await asyncio.sleep(LOCK_POLL_S * (1 + random.random()))  # noqa: S311 - spreads the polls

    async def _reconcile_with_log(self, drafts: list[Draft], trace: Trace | None) -> list[Draft]:
        """Apply what the log has and the document lacks; return the drafts not in the log."""
        by_id = {draft.unique_id: draft for draft in drafts}
        found = await asyncio.to_thread(
            operations_find, document_id=self._document_id, unique_ids=list(by_id)
        )
        fresh = await self.catch_up()
        is_undone = False
        for unique_id, operation in found.items():
            draft = by_id.pop(unique_id)
            for submission in draft.all_submissions:
                if submission.unique_id is not None:
                    submission.author.on_duplicate(unique_id, operation.seq)
            # Another edit under a used id: it is merged in memory and never in the log.
            is_undone = is_undone or draft.update != operation.update
        left = list(by_id.values())
        if is_undone or collide(left, fresh, self.live.owners):
            # What the log has of a draft's client ids decides whether the draft may use them.
            await self._rebuild()
            return await self._merge(
                [item for draft in left for item in draft.all_submissions], trace
            )
        self.live.finalize(left)
        return left

    # --- operations of other servers ---

    def add_remote(self, operations: Sequence[Operation], *, last_seq: int) -> bool:
        """Queue a peer's broadcast up to ``last_seq``; return False when all of it is known."""
        if last_seq <= self.live.seq:
            return False
        self._remote.extend(operations)
        self.is_behind = True
        return True

    async def catch_up(self) -> list[Operation]:
        """Apply and broadcast what other servers wrote, from their broadcast or from the log.

        Return the operations.
        """
        self.is_behind = False
        remote, self._remote = self._remote, []
        by_seq = {operation.seq: operation for operation in remote if operation.seq > self.live.seq}
        fresh = [by_seq[seq] for seq in sorted(by_seq)]
        if not fresh or fresh[-1].seq - self.live.seq != len(fresh):
            fresh = await self._read_log()
        applied_bytes = 0
        for operation in fresh:
            await self._apply_remote(operation)
            applied_bytes += len(operation.update)
            if applied_bytes > MAX_PREPARED_BYTES:
                applied_bytes = 0
                await asyncio.sleep(0)  # others get their turn
        self._fanout.update_schema(self.live.loaded.schema_version)
        self._fanout.broadcast(fresh)
        return fresh

    async def _apply_remote(self, operation: Operation) -> None:
        """Apply an operation; a large one in a thread, because its reading takes long."""
        with work_noted(self._document_id):
            if len(operation.update) <= SURVEY_IN_THREAD_BYTES or self._context.engine.thread_bound:
                self.live.apply_remote(operation)
            else:
                apply = partial(self.live.apply_remote, operation)
                await self._context.large_edits.check(apply, user_id=operation.author_id)

    async def _read_log(self) -> list[Operation]:
        return await asyncio.to_thread(
            operations_since, document_id=self._document_id, after=self.live.seq
        )


def _breaks_engine() -> InvalidInputError:
    return InvalidInputError(
        "The edit cannot be applied; nothing of it is stored.", code="rejected"
    )
