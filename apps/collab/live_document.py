"""The document of a room: what is durable, what is being committed, and what is pending. Pure.

``prepare`` merges a batch of submissions into the document; between two batches the document
equals the log. So a session that joins between batches receives nothing that is not on disk
(docs/invariants.md, 1). The room brings I/O and clock.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from apps.collab.batch import Batch
from apps.collab.client_guard import BRINGS, CLAIMS, REPEATS, AnnouncedBy, ClientGuard
from apps.collab.document_bounds import DocumentBounds
from apps.collab.edit_checks import EditChecks, NotYetError
from apps.collab.limits import Limits
from apps.collab.submission import (
    COMPARE_IN_THREAD_BYTES,
    SURVEY_IN_THREAD_BYTES,
    Draft,
    Submission,
)
from apps.core.errors import (
    AppError,
    ConflictError,
    InvalidInputError,
    LimitExceededError,
    TransientError,
)
from apps.crdt.codec.vectors import Vector, encode_vector, growing_vector
from apps.crdt.engine.base import Engine, EngineBrokenError, EngineDocument
from apps.crdt.engine.causal_gate import Pending, advance, missing_clocks, touched_vector
from apps.history.client_owners import ClientOwners, owners_add
from apps.history.loaded_document import LoadedDocument
from apps.oplog.operation import Operation

#: Bytes of updates that one call of ``prepare`` looks at: 50 ms for the shortest structs. Threat:
#: 64 updates of 14 kB from each socket, none of which is surveyed in a thread.
MAX_PREPARED_BYTES = 16 * 1024
#: What is typed behind what its author wrote last needs no check.
TYPED_FACTOR = 8
#: Unique ids remembered per document: a repeated one needs no query.
REMEMBERED_IDS = 2_048


class BrokenDocumentError(Exception):
    """The engine failed: the document must be rebuilt and ``retry`` submitted again."""

    def __init__(self, culprit: Submission, retry: list[Submission]) -> None:
        super().__init__("the engine cannot go on with this document")
        self.culprit = culprit
        self.retry = retry


class LiveDocument:
    """A loaded document that takes edits in batches.

    ``loaded`` has the owners of its client ids; ``announced_by`` returns the person who announces
    a client id in presence, ``accepts_relays`` whether all may bring edits of others that the log
    lacks.
    """

    def __init__(
        self,
        loaded: LoadedDocument,
        *,
        engine: Engine,
        limits: Limits,
        announced_by: AnnouncedBy = lambda _: None,
        accepts_relays: Callable[[], bool] = lambda: False,
    ) -> None:
        if loaded.owners is None:
            raise ValueError("the owners of the client ids were not loaded")
        self.loaded = loaded
        #: The owner of each client id of the log.
        self.owners: ClientOwners = loaded.owners
        #: Submissions that wait for operations they need.
        self.pending: Pending[Submission] = Pending(
            max_bytes=limits.pending_bytes, max_age_s=limits.pending_age_s
        )
        self._engine = engine
        self._limits = limits
        #: Submissions that ``prepare`` has left, because the first one is to be rehearsed.
        self.held: list[Submission] = []
        #: The first of them is to be tried in a child process, or compared with what it repeats;
        #: otherwise it may be surveyed.
        self.needs_rehearsal = False
        self.needs_comparison = False
        self._checks = EditChecks(loaded)
        self._bounds = DocumentBounds(loaded, limits)
        self._clients = ClientGuard(
            self.owners,
            announced_by=announced_by,
            accepts_relays=accepts_relays,
            limits=limits,
        )
        #: The seq at which the state's clocks were compared with the log's last, and the result.
        self._checked: tuple[int, bool] = (-1, True)
        self._recent = OrderedDict(list(loaded.recent.items())[-REMEMBERED_IDS:])
        loaded.recent = self._recent

    @property
    def document(self) -> EngineDocument:
        """Return the engine's document."""
        return self.loaded.engine

    @property
    def seq(self) -> int:
        """Return the seq of the last operation."""
        return self.loaded.seq

    @property
    def vector(self) -> Vector:
        """Return the version vector of the log up to ``seq``."""
        return self.loaded.vector

    @property
    def size_bytes(self) -> int:
        """Return about how large the document's state is, in bytes."""
        return self.loaded.size_bytes

    # --- a batch: prepare, then mark_persisted ---

    def prepare(self, submissions: Iterable[Submission], *, at: float) -> list[Draft]:
        """Merge a batch into the document; return it as drafts of operations, in order.

        ``at`` is a monotonic time in seconds. Authors of refused, repeated or pending submissions
        get their answer here. Where one is to be surveyed, compared or rehearsed first, it is left
        in ``held`` with those behind it, and so are those behind ``MAX_PREPARED_BYTES`` or a large
        one. Raises ``BrokenDocumentError`` when the engine fails.
        """
        batch = Batch(self.vector, self.owners)
        self.merge(batch, submissions, at=at)
        self.finalize(batch.drafts)
        return batch.drafts

    def merge(self, batch: Batch, submissions: Iterable[Submission], *, at: float) -> None:
        """Merge submissions into the document and a batch; ``finalize`` is the next step."""
        self.needs_rehearsal = self.needs_comparison = False
        work = deque(submissions)
        looked_at = 0
        while work:
            if looked_at > MAX_PREPARED_BYTES:
                self.held = list(work)  # others get their turn
                break
            submission = work.popleft()
            header = submission.header
            looked_at += header.size if header.typed is None else header.size // TYPED_FACTOR
            try:
                merged = self._merge(submission, batch, at)
            except NotYetError:
                self.held = [submission, *work]
                self.needs_rehearsal = submission.is_surveyed and not self.needs_comparison
                break
            except EngineBrokenError as err:
                retry = [item for draft in batch.drafts for item in draft.all_submissions]
                raise BrokenDocumentError(submission, [*retry, *work]) from err
            if merged and len(self.pending):
                released = reversed(self.pending.release(batch.vector))
                work.extendleft(item for _, item in released if item.is_still_allowed())
            if merged and len(submission.update) > SURVEY_IN_THREAD_BYTES:
                self.held = list(work)  # it has to be indexed in a thread
                break

    def finalize(self, drafts: Sequence[Draft]) -> None:
        """Set each draft's update and its version vector, of the clients that it touches."""
        vector = growing_vector(self.vector)
        for draft in drafts:
            headers = [submission.header for submission in draft.submissions]
            for header in headers:
                advance(vector, header)
            draft.version_vector = encode_vector(touched_vector(headers, vector))
            if not draft.update:
                updates = [submission.update for submission in draft.submissions]
                draft.update = updates[0] if len(updates) == 1 else self._engine.merge(updates)

    def assign_seqs(
        self, drafts: Sequence[Draft], *, document_id: str, at: datetime
    ) -> list[Operation]:
        """Return the drafts as operations that follow the document's last one."""
        return [
            Operation(
                document_id=document_id,
                seq=seq,
                unique_id=draft.unique_id,
                author_id=draft.author.user_id,
                received_at=at,
                version_vector=draft.version_vector,
                update=draft.update,
                copies=draft.copies,
                request_id=draft.author.request_id,
            )
            for seq, draft in enumerate(drafts, start=self.seq + 1)
        ]

    def mark_persisted(self, drafts: Sequence[Draft], operations: Sequence[Operation]) -> None:
        """Record that drafts are in the log as ``operations``; acknowledge them."""
        for draft, operation in zip(drafts, operations, strict=True):
            for submission in draft.submissions:
                header = submission.header
                if draft.claims:
                    owners_add(self.owners, header.ranges, operation.author_id, known=self.vector)
                advance(self.vector, header)
            self.loaded.seq = operation.seq
            self._remember(operation.unique_id, operation.seq)
            for submission in draft.submissions:
                if submission.unique_id is not None:
                    submission.author.on_persisted(operation.unique_id, operation.seq)
            for repeat in draft.repeats:
                repeat.author.on_duplicate(operation.unique_id, operation.seq)

    def mark_duplicate(self, draft: Draft, seq: int) -> None:
        """Answer a draft that changes nothing and is in the compacted log as ``seq``."""
        self.loaded.size_bytes -= sum(len(submission.update) for submission in draft.submissions)
        self._remember(draft.unique_id, seq)
        for submission in draft.all_submissions:
            submission.author.on_duplicate(draft.unique_id, seq)

    def apply_remote(self, operation: Operation) -> None:
        """Merge the next operation of the log, which another server wrote.

        Raises as ``LoadedDocument.apply`` does; then the document must be loaded again, which
        quarantines the operation.
        """
        began_s = time.thread_time()
        header = self.loaded.apply(operation)
        self._checks.add_remote(operation.update, header, took_s=time.thread_time() - began_s)
        self._trim_remembered()

    def is_known_whole(self) -> bool | None:
        """Return whether the engine holds all of the log (ADR 0001); None where it is not known."""
        return self._checked[1] if self._checked[0] == self.seq else None

    def mark_whole(self, *, is_whole: bool) -> None:
        """Record whether the engine holds all of the log up to ``seq``."""
        self._checked = (self.seq, is_whole)

    # --- what takes long: in a thread, or in a child process ---

    def take_held(self) -> list[Submission]:
        """Remove and return the submissions that were left."""
        held, self.held = self.held, []
        return held

    def index_waiting(self) -> None:
        """Index what was merged, for the next checks; in a thread where much waits."""
        self._checks.index_waiting()

    @property
    def is_index_behind(self) -> bool:
        """Return whether a large update waits to be indexed."""
        return self._checks.is_index_behind

    def survey(self, submission: Submission) -> None:
        """Check a large submission, and find out what it may cost; in a thread, between batches."""
        self._checks.survey(submission, self.vector)

    def compare(self, submission: Submission, *, at: float) -> None:
        """Compare what a submission repeats with the document; in a thread, between batches."""
        submission.compared_seq = self.seq
        try:
            vector = growing_vector(self.vector)
            self._clients.check_repeats(submission, self.loaded, vector, {}, at=at)
        except AppError as err:
            submission.refusal = err

    def mark_rehearsed(self, submission: Submission) -> None:
        """Record that a child process has tried a submission, and the load of the document."""
        self._checks.mark_rehearsed(submission)

    def refuse(self, submission: Submission, error: AppError) -> None:
        """Refuse a submission that was rehearsed."""
        self._checks.undo(submission)
        submission.author.on_rejected(submission.unique_id, error)

    # --- steps ---

    def _merge(self, submission: Submission, batch: Batch, at: float) -> bool:
        """Merge one submission; return False when it added nothing to the batch."""
        author = submission.author
        if self._answer_repeat(submission, batch) or self._bounds.refuses_size(submission, at):
            return False
        if author.refusal is not None:
            author.on_rejected(submission.unique_id, author.refusal)
            return False
        header = submission.header
        try:
            bits = self._clients.check(header, author.user_id, batch.vector, batch.claimed)
        except ConflictError as err:
            _refuse(submission, err)
            return False
        lacking = missing_clocks(header, batch.vector)
        if lacking is not None:
            self._pend(submission, lacking, at)
            return False
        if (bits & CLAIMS and self._bounds.refuses_clients(submission, batch)) or (
            not self._checks.straighten(submission, batch.vector)
        ):
            return False
        header, new_structs = submission.header, bool(bits & BRINGS)
        if submission.unique_id is None and not new_structs and not header.deletes:
            return False
        try:
            changed = self._apply(submission, batch, at, bits)
        except ConflictError as err:
            _refuse(submission, err)
            return False
        except (InvalidInputError, LimitExceededError, TransientError) as err:
            author.on_rejected(submission.unique_id, err)
            return False
        if submission.unique_id is None and not changed:
            return False
        is_noop = not new_structs and not (header.deletes and changed)
        self._bounds.grow(submission.header)
        batch.add(submission, is_noop=is_noop, claims=bool(bits & CLAIMS))
        return True

    def _apply(self, submission: Submission, batch: Batch, at: float, bits: int) -> bool:
        """Check a submission against the document, and apply it; return whether that changed it.

        Raises ``NotYetError`` and the errors of the checks and of the engine.
        """
        if submission.placements is None and submission.header.size > SURVEY_IN_THREAD_BYTES:
            raise NotYetError
        if submission.refusal is not None:
            raise submission.refusal
        if bits & REPEATS and submission.compared_seq != self.seq:
            if max(self.size_bytes, len(submission.update)) > COMPARE_IN_THREAD_BYTES:
                self.needs_comparison = True
                raise NotYetError
            self._clients.check_repeats(submission, self.loaded, batch.vector, batch.claimed, at=at)
        new_structs = bool(bits & BRINGS)
        if self._checks.check(submission, batch.vector, at, new_structs=new_structs):
            began_s = time.thread_time()
            changed = self.document.apply(submission.update, brings_structs=new_structs)
            self._checks.settle(time.thread_time() - began_s)
        else:
            changed = self.document.apply(submission.update, brings_structs=new_structs)
        self._checks.add(submission)
        self.loaded.note_schema(submission.update, submission.header)
        return changed

    def _answer_repeat(self, submission: Submission, batch: Batch) -> bool:
        unique_id = submission.unique_id
        if unique_id is None:
            return False
        seq = self._recent.get(unique_id)
        if seq is not None:
            submission.author.on_duplicate(unique_id, seq)
            return True
        draft = batch.by_id.get(unique_id)
        if draft is not None:
            draft.repeats.append(submission)
            return True
        return False

    def _pend(self, submission: Submission, lacking: Vector, at: float) -> None:
        """Make a submission pending until its causes arrive; request them from its author."""
        author = submission.author
        if not author.can_wait:
            author.on_rejected(submission.unique_id, _incomplete(lacking))
            return
        try:
            self.pending.add(submission.header, submission, at=at)
        except LimitExceededError as err:
            error = TransientError("Too many edits wait for others. Connect again.")
            error.__cause__ = err
            author.on_rejected(submission.unique_id, error)
        else:
            author.on_missing(self.vector)

    def _remember(self, unique_id: str, seq: int) -> None:
        self._recent[unique_id] = seq
        self._trim_remembered()

    def _trim_remembered(self) -> None:
        if len(self._recent) > REMEMBERED_IDS:
            self._recent.popitem(last=False)


def _refuse(submission: Submission, error: ConflictError) -> None:
    """Reject an edit for the client ids that it uses, and what its author sends after it.

    What follows may build on the ids of the edit. They may be known, with another content.
    """
    author = submission.author
    if author.can_wait:  # a socket, and not a single call
        author.refusal = error
    author.on_rejected(submission.unique_id, error)


def _incomplete(lacking: Vector) -> ConflictError:
    return ConflictError(
        "The edit builds on operations that are not in the log. Send those first.",
        code="incomplete",
        extra={"missing": {str(client): clock for client, clock in lacking.items()}},
    )
