"""A live document: what is durable, what is being made durable, and what has to wait. Pure.

Merges submissions into the in-memory document one batch at a time (``form``); between two batches
the document equals the log. So whoever joins between batches gets nothing that is not on disk
(docs/invariants.md, 1). No I/O and no clock: the room brings both.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from apps.collab.limits import Limits
from apps.core import ids
from apps.core.errors import (
    AppError,
    ConflictError,
    InvalidInputError,
    LimitExceededError,
    TransientError,
)
from apps.crdt.codec.update_reader import UpdateHeader
from apps.crdt.codec.vectors import Vector, encode_vector
from apps.crdt.engine.base import Engine, EngineBrokenError, has_everything
from apps.crdt.engine.causal_gate import Pending, advance, brings_structs, missing
from apps.crdt.engine.nesting import NestingGuard
from apps.history.loaded_document import LoadedDocument
from apps.oplog.operation import Operation

#: Unique ids remembered per document, so that a repeat is answered without a look at the log.
REMEMBERED = 2_048


class Author(Protocol):
    """Who handed a submission in, and hears what becomes of it."""

    user_id: str
    #: The request or socket that it came by, for the logs.
    request_id: str | None
    #: Whether an edit that came too early may wait for what it needs.
    can_wait: bool

    def on_persisted(self, unique_id: str, seq: int) -> None:
        """Hear that the operation is in the log on disk."""

    def on_duplicate(self, unique_id: str, seq: int) -> None:
        """Hear that it was in the log already."""

    def on_rejected(self, unique_id: str | None, error: AppError) -> None:
        """Hear that it was refused and that nothing of it is stored."""

    def on_missing(self, vector: Vector) -> None:
        """Hear that it waits for others: send what ``vector``, the server's, does not know."""


@dataclass(slots=True, eq=False)
class Submission:
    """One update on its way in; ``unique_id`` is None where the client gave it none."""

    update: bytes
    header: UpdateHeader
    author: Author
    unique_id: str | None = None
    #: How long it took to read, in seconds, and what was traced then (``apps.core.tracing``).
    receipt_s: float = 0.0
    origin: object = None


@dataclass(slots=True, eq=False)
class Draft:
    """An operation that is merged and not yet durable: one submission, or a stock client's run."""

    unique_id: str
    submissions: list[Submission]
    #: The same unique id sent again while it was on its way.
    repeats: list[Submission] = field(default_factory=list)
    update: bytes = b""
    version_vector: bytes = b""
    #: The document had all of it: it may be one of those that a compacted log has no more.
    brings_nothing: bool = False

    @property
    def author(self) -> Author:
        """Return who hears of it first."""
        return self.submissions[0].author


class OperationUnfitError(ConflictError):
    """The log has an operation that does not fit on the document in memory."""

    code = "operation_unfit"


class BrokenDocumentError(Exception):
    """The engine gave up: the document has to be rebuilt and ``retry`` submitted again."""

    def __init__(self, culprit: Submission, retry: list[Submission]) -> None:
        super().__init__("the engine cannot go on with this document")
        self.culprit = culprit
        self.retry = retry


class LiveDocument:
    """The in-memory state of a room."""

    def __init__(self, loaded: LoadedDocument, *, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits
        self.document = loaded.engine
        self.seq = loaded.seq
        self.size_bytes = loaded.size_bytes
        #: Version vector of the log up to ``seq``.
        self.vector = loaded.vector
        self.pending: Pending[Submission] = Pending(
            max_bytes=limits.pending_bytes, max_age_s=limits.pending_age_s
        )
        self._nesting = NestingGuard()
        #: The seq at which ``has_everything`` was asked last, and the answer.
        self._counted: tuple[int, bool] = (-1, True)
        self._recent: OrderedDict[str, int] = OrderedDict(list(loaded.recent.items())[-REMEMBERED:])

    # --- a batch: form, then settle -----------------------------------------------------------

    def form(self, submissions: Iterable[Submission], *, at: float) -> list[Draft]:
        """Merge a batch into the document and return it as drafts of operations, in order.

        ``at`` is a monotonic time in seconds. What is refused, known or has to wait is told to
        its author here. Raises ``BrokenDocumentError`` when the engine breaks.
        """
        batch = _Batch(vector=dict(self.vector))
        work = deque(submissions)
        while work:
            submission = work.popleft()
            try:
                merged = self._merge(submission, batch, at)
            except EngineBrokenError as err:
                retry = [
                    kept for draft in batch.drafts for kept in [*draft.submissions, *draft.repeats]
                ]
                raise BrokenDocumentError(submission, [*retry, *work]) from err
            if merged and len(self.pending):
                work.extendleft(item for _, item in reversed(self.pending.release(batch.vector)))
        self.seal(batch.drafts)
        return batch.drafts

    def seal(self, drafts: Sequence[Draft]) -> None:
        """Give each draft its bytes and the version vector of the log after it."""
        vector = dict(self.vector)
        for draft in drafts:
            for submission in draft.submissions:
                advance(vector, submission.header)
            draft.version_vector = encode_vector(vector)
            if not draft.update:
                updates = [submission.update for submission in draft.submissions]
                draft.update = updates[0] if len(updates) == 1 else self._engine.merge(updates)

    def number(self, drafts: Sequence[Draft], *, document_id: str, at: datetime) -> list[Operation]:
        """Return the drafts as operations after the document's last one."""
        return [
            Operation(
                document_id=document_id,
                seq=seq,
                unique_id=draft.unique_id,
                author_id=draft.author.user_id,
                received_at=at,
                version_vector=draft.version_vector,
                update=draft.update,
                request_id=draft.author.request_id,
            )
            for seq, draft in enumerate(drafts, start=self.seq + 1)
        ]

    def settle(self, drafts: Sequence[Draft], operations: Sequence[Operation]) -> None:
        """Take note that drafts are in the log as ``operations``, and tell their authors."""
        for draft, operation in zip(drafts, operations, strict=True):
            for submission in draft.submissions:
                advance(self.vector, submission.header)
            self._remember(operation)
            for submission in draft.submissions:
                if submission.unique_id is not None:
                    submission.author.on_persisted(operation.unique_id, operation.seq)
            for repeat in draft.repeats:
                repeat.author.on_duplicate(operation.unique_id, operation.seq)

    def withdraw(self, draft: Draft, seq: int) -> None:
        """Take back a draft that brings nothing: the log had it, as ``seq``, and is compacted."""
        self.size_bytes -= sum(len(submission.update) for submission in draft.submissions)
        self._recall(draft.unique_id, seq)
        for submission in [*draft.submissions, *draft.repeats]:
            submission.author.on_duplicate(draft.unique_id, seq)

    def absorb(self, operation: Operation, header: UpdateHeader) -> None:
        """Merge the next operation of the log, which another server wrote.

        Raises ``OperationUnfitError`` when it does not fit on, and as the engine does; then the
        document has to be loaded anew, which sets the operation aside.
        """
        if missing(header, self.vector) is not None:
            raise OperationUnfitError(f"Operation {operation.seq} needs what is not before it.")
        self.document.apply(operation.update, brings_structs=True)  # nobody asks whether
        self._nesting.note(header)
        advance(self.vector, header)
        self._remember(operation)

    def has_everything(self) -> bool:
        """Tell, between two batches, whether the engine's state holds all of the log (ADR 0001)."""
        if self._counted[0] != self.seq:
            self._counted = (self.seq, has_everything(self._engine, self.document, self.vector))
        return self._counted[1]

    # --- steps ---

    def _merge(self, submission: Submission, batch: "_Batch", at: float) -> bool:
        """Merge one submission; False when nothing of it got into the batch."""
        if self._answer_repeat(submission, batch) or self._is_over_limit(submission):
            return False
        header = submission.header
        lacking = missing(header, batch.vector)
        if lacking is not None:
            self._set_aside(submission, lacking, at)
            return False
        new_structs = brings_structs(header, batch.vector)
        if submission.unique_id is None and not new_structs and not header.deletes:
            return False
        try:
            self._nesting.check(header, submission.update, self.document)
            changed = self.document.apply(submission.update, brings_structs=new_structs)
        except (InvalidInputError, LimitExceededError) as err:
            submission.author.on_rejected(submission.unique_id, err)
            return False
        if submission.unique_id is None and not changed:
            return False
        brings_nothing = not new_structs and not (header.deletes and changed)
        self._add(submission, batch, brings_nothing=brings_nothing)
        return True

    def _answer_repeat(self, submission: Submission, batch: "_Batch") -> bool:
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

    def _is_over_limit(self, submission: Submission) -> bool:
        if self.size_bytes + len(submission.update) <= self._limits.document_bytes:
            return False
        error = LimitExceededError(
            "The document is as large as a document may be. Delete something or begin another.",
            extra={"limit": "document_bytes", "value": self._limits.document_bytes},
        )
        submission.author.on_rejected(submission.unique_id, error)
        return True

    def _set_aside(self, submission: Submission, lacking: Vector, at: float) -> None:
        """Keep an edit that came too early, and ask its author for what is missing."""
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

    def _add(self, submission: Submission, batch: "_Batch", *, brings_nothing: bool) -> None:
        """Make the submission an operation of its own, or part of its stock client's last one."""
        self.size_bytes += len(submission.update)
        advance(batch.vector, submission.header)
        if submission.unique_id is not None:
            draft = Draft(
                unique_id=submission.unique_id,
                submissions=[submission],
                brings_nothing=brings_nothing,
            )
            batch.by_id[draft.unique_id] = draft
            batch.drafts.append(draft)
            return
        run = batch.runs.get(id(submission.author))
        if run is None or missing(submission.header, run.reach) is not None:
            draft = Draft(unique_id=ids.new_id(), submissions=[])
            batch.drafts.append(draft)
            # What was there when the run began; the run itself adds to it below. Operations in
            # between are not in its reach, so coalescing never moves an edit before its cause.
            run = batch.runs[id(submission.author)] = _Run(draft, dict(batch.vector))
        run.draft.submissions.append(submission)
        advance(run.reach, submission.header)

    def _remember(self, operation: Operation) -> None:
        self.seq = operation.seq
        self._recall(operation.unique_id, operation.seq)

    def _recall(self, unique_id: str, seq: int) -> None:
        self._recent[unique_id] = seq
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)


def _incomplete(lacking: Vector) -> ConflictError:
    return ConflictError(
        "The edit builds on operations that are not in the log. Send those first.",
        code="incomplete",
        extra={"missing": {str(client): clock for client, clock in lacking.items()}},
    )


@dataclass(slots=True)
class _Run:
    """A stock client's updates within one batch, and the vector up to which they may reach."""

    draft: Draft
    reach: Vector


@dataclass(slots=True)
class _Batch:
    """What one call of ``form`` gathers."""

    vector: Vector
    drafts: list[Draft] = field(default_factory=list)
    by_id: dict[str, Draft] = field(default_factory=dict)
    runs: dict[int, _Run] = field(default_factory=dict)
