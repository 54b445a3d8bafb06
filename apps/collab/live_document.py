"""The document of a room: what is durable, what is being committed, and what is pending. Pure.

``prepare`` merges a batch of submissions into the document; between two batches the document
equals the log. So a session that joins between batches receives nothing that is not on disk
(docs/invariants.md, 1). The room brings I/O and clock.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from apps.collab.client_guard import BRINGS, CLAIMS, REPEATS, AnnouncedBy, ClientGuard
from apps.collab.limits import Limits
from apps.collab.submission import SURVEY_IN_THREAD_BYTES, Draft, Submission
from apps.core import ids
from apps.core.errors import (
    AppError,
    ConflictError,
    InvalidInputError,
    LimitExceededError,
    TransientError,
)
from apps.crdt.codec.text_joining import text_joined
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import Clocks, Vector, VectorOverlay, encode_vector
from apps.crdt.engine.base import Engine, EngineBrokenError, EngineDocument
from apps.crdt.engine.causal_gate import Pending, advance, missing_clocks, touched_vector
from apps.crdt.engine.merge_cost import MergeCost, placements_of
from apps.crdt.engine.structure_guard import MAX_WAITING_BYTES, StructureGuard
from apps.crdt.ids.surrogate_pairs import SurrogatePairs, straightened
from apps.history.client_owners import SHARED, ClientOwners, owners_add
from apps.history.loaded_document import LoadedDocument
from apps.oplog.operation import Operation

#: Bytes that the engine may copy to join the texts of one update. Threat: its memory.
MAX_JOIN_BYTES = 32 * 1024 * 1024
#: Bytes of an update in which a text or a list may be cut once.
CUT_MIN_BYTES = 3
#: Values and bytes that the engine may copy to cut lists and texts for one update: 0.1 s. Threat:
#: an event loop that is held, by 50 kB that delete each second one of 20,000 values.
MAX_VALUES_COPIED = 15_000_000
MAX_BYTES_COPIED = 5_000_000_000
#: Bytes of updates that one call of ``prepare`` looks at: 0.1 s for the shortest structs. Threat:
#: 64 updates of 14 kB from each socket, none of which is surveyed in a thread.
MAX_PREPARED_BYTES = 32 * 1024
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


class _NotYetError(Exception):
    """A submission is to be surveyed in a thread, or tried in a child process, before its merge."""


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
        #: The first of them is to be tried in a child process; otherwise it may be surveyed.
        self.needs_rehearsal = False
        self._structure = StructureGuard(loaded.containers)
        if loaded.pairs is None:
            loaded.pairs = SurrogatePairs.of_state(loaded.engine.encode(), loaded.vector)
        #: The characters of two UTF-16 units, which nothing may cut.
        self._pairs = loaded.pairs
        self._cost = MergeCost(state_bytes=loaded.size_bytes)
        self._clients = ClientGuard(
            self.owners,
            announced_by=announced_by,
            accepts_relays=accepts_relays,
            engine=engine,
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
        get their answer here. Where one is to be surveyed or rehearsed first, it is left in
        ``held`` with those behind it, and so are those behind ``MAX_PREPARED_BYTES`` or a large
        one. Raises ``BrokenDocumentError`` when the engine fails.
        """
        batch = _Batch(vector=VectorOverlay(self.vector))
        self.needs_rehearsal = False
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
            except _NotYetError:
                self.held = [submission, *work]
                self.needs_rehearsal = submission.is_surveyed
                break
            except EngineBrokenError as err:
                retry = [item for draft in batch.drafts for item in draft.all_submissions]
                raise BrokenDocumentError(submission, [*retry, *work]) from err
            if merged and len(self.pending):
                work.extendleft(item for _, item in reversed(self.pending.release(batch.vector)))
            if merged and len(submission.update) > SURVEY_IN_THREAD_BYTES:
                self.held = list(work)  # it has to be indexed in a thread
                break
        self.finalize(batch.drafts)
        return batch.drafts

    def finalize(self, drafts: Sequence[Draft]) -> None:
        """Set each draft's update and its version vector, of the clients that it touches."""
        vector = VectorOverlay(self.vector)
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
                request_id=draft.author.request_id,
            )
            for seq, draft in enumerate(drafts, start=self.seq + 1)
        ]

    def mark_persisted(self, drafts: Sequence[Draft], operations: Sequence[Operation]) -> None:
        """Record that drafts are in the log as ``operations``; acknowledge them."""
        for draft, operation in zip(drafts, operations, strict=True):
            for submission in draft.submissions:
                ranges = submission.header.ranges
                owners_add(self.owners, ranges, operation.author_id, known=self.vector)
                advance(self.vector, submission.header)
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
        header = self.loaded.apply(operation)
        if header.has_pairs:
            self._pairs.add(operation.update)
        self._structure.add(operation.update, header)
        self._cost.add(operation.update, header.size)
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
        self._structure.add_waiting()

    @property
    def is_index_behind(self) -> bool:
        """Return whether a large update waits to be indexed."""
        return self._structure.waiting_bytes > MAX_WAITING_BYTES

    def survey(self, submission: Submission) -> None:
        """Check a large submission, and find out what it may cost; in a thread, between batches.

        Its text is joined where the engine would have to do that.
        """
        self._straighten_large(submission)
        placements = placements_of([submission.update])
        if placements.joins * len(submission.update) > MAX_JOIN_BYTES:
            submission.update = text_joined(submission.update)
            submission.header = read_update(submission.update)
        submission.placements = placements
        if submission.refusal is not None:
            return
        try:
            self._structure.check(submission.header, submission.update, self.document, self.vector)
        except AppError as err:
            submission.refusal = err

    def mark_rehearsed(self, submission: Submission) -> None:
        """Record that a child process has tried a submission, and the load of the document."""
        submission.is_rehearsed = True
        self._cost.reset()

    def refuse(self, submission: Submission, error: AppError) -> None:
        """Refuse a submission that was rehearsed."""
        self._cost.undo(submission.update)
        submission.author.on_rejected(submission.unique_id, error)

    # --- steps ---

    def _straighten(self, submission: Submission, vector: Clocks) -> bool:
        """Straighten a small submission (ADR 0016); return False when that refuses it.

        What is typed stands behind a whole character.
        """
        header = submission.header
        if header.typed is not None and not (header.deletes or header.has_right):
            if header.has_pairs:
                self._pairs.add(submission.update)
            return True
        if not (self._pairs or header.has_pairs or header.is_doubled):
            return True
        if header.size > SURVEY_IN_THREAD_BYTES:
            return True  # which ``survey`` does in a thread
        try:
            update = straightened(submission.update, header, self._pairs, vector)
        except InvalidInputError as err:
            submission.author.on_rejected(submission.unique_id, err)
            return False
        if update is not submission.update:
            submission.update, submission.header = update, read_update(update)
        return True

    def _straighten_large(self, submission: Submission) -> None:
        header = submission.header
        try:
            update = straightened(submission.update, header, self._pairs, self.vector)
        except InvalidInputError as err:
            submission.refusal = err
            return
        if update is not submission.update:
            submission.update, submission.header = update, read_update(update)

    def _merge(self, submission: Submission, batch: "_Batch", at: float) -> bool:
        """Merge one submission; return False when it added nothing to the batch."""
        author = submission.author
        if self._answer_repeat(submission, batch) or self._is_over_limit(submission):
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
        if (bits & CLAIMS and self._has_too_many_clients(submission, batch)) or (
            not self._straighten(submission, batch.vector)
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
        self._add(submission, batch, bits, is_noop=is_noop)
        return True

    def _apply(self, submission: Submission, batch: "_Batch", at: float, bits: int) -> bool:
        """Check a submission against the document, and apply it; return whether that changed it.

        Raises ``_NotYetError`` and the errors of the checks and of the engine.
        """
        header, new_structs = submission.header, bool(bits & BRINGS)
        if header.size > SURVEY_IN_THREAD_BYTES and submission.placements is None:
            raise _NotYetError
        if submission.refusal is not None:
            raise submission.refusal
        if bits & REPEATS:
            self._check_repeats(submission, batch, at)
        is_large = submission.placements is not None
        if not is_large:
            self._structure.check(header, submission.update, self.document, batch.vector)
        if not submission.is_rehearsed:
            self._check_cost(submission, batch.vector, at, new_structs=new_structs)
        changed = self.document.apply(submission.update, brings_structs=new_structs)
        self._structure.add(submission.update, later=is_large)
        return changed

    def _check_cost(
        self, submission: Submission, vector: Clocks, at: float, *, new_structs: bool
    ) -> None:
        """Raise ``_NotYetError`` where a merge may be slow, or is unusual for the engine."""
        header = submission.header
        if submission.placements is not None:
            is_over = self._cost.add_placements(submission.placements, at=at)
            cuts = submission.placements.cuts
        else:
            is_over = new_structs and self._cost.add(submission.update, header.size, at=at)
            cuts = 1 + header.size // CUT_MIN_BYTES
        size_bytes = self.loaded.size_bytes + header.size
        if (
            is_over
            or header.is_unusual
            or self.loaded.is_suspect
            or (
                cuts * size_bytes > MAX_VALUES_COPIED
                and self._may_cut_much(cuts, size_bytes, header.values, vector)
            )
        ):
            raise _NotYetError

    def _may_cut_much(self, cuts: int, size_bytes: int, new_values: int, vector: Clocks) -> bool:
        """Return whether deletes and new items may cut long contents too often.

        The engine copies the rest of a text or of a list at each cut.
        """
        if cuts * size_bytes > MAX_BYTES_COPIED:
            return True
        up_to = MAX_VALUES_COPIED // cuts
        values = self._structure.values(self.document, vector, up_to=up_to, size_bytes=size_bytes)
        return values + new_values > up_to

    def _check_repeats(self, submission: Submission, batch: "_Batch", at: float) -> None:
        """Raise unless the structs that the document has already are the same ones."""
        self._clients.check_repeats(
            submission,
            document=self.document,
            vector=batch.vector,
            claimed=batch.claimed,
            size_bytes=self.size_bytes,
            at=at,
        )

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

    def _has_too_many_clients(self, submission: Submission, batch: "_Batch") -> bool:
        known = len(self.vector) + len(batch.claimed)
        if known + len(submission.header.ranges) <= self._limits.document_clients:
            return False
        error = LimitExceededError(
            "The document has edits of too many page loads. Begin another.",
            extra={"limit": "document_clients", "value": self._limits.document_clients},
        )
        submission.author.on_rejected(submission.unique_id, error)
        return True

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

    def _add(self, submission: Submission, batch: "_Batch", bits: int, *, is_noop: bool) -> None:
        """Add the submission as a draft, or coalesce it with the last one of a stock client."""
        self.loaded.size_bytes += len(submission.update)
        if bits & CLAIMS:
            self._claim(submission, batch)
        advance(batch.vector, submission.header)
        if submission.unique_id is not None:
            draft = Draft(unique_id=submission.unique_id, submissions=[submission], is_noop=is_noop)
            batch.by_id[draft.unique_id] = draft
            batch.drafts.append(draft)
            return
        coalesced = batch.coalesced.get(id(submission.author))
        if coalesced is None or missing_clocks(submission.header, coalesced.reach) is not None:
            draft = Draft(unique_id=ids.new_id(), submissions=[])
            batch.drafts.append(draft)
            # The reach is the vector at the draft's first submission, plus the draft itself.
            # Operations in between are not in it, so coalescing never moves an edit before the
            # operations that it needs.
            coalesced = _Coalesced(draft, batch.vector.copy())
            batch.coalesced[id(submission.author)] = coalesced
        coalesced.draft.submissions.append(submission)
        advance(coalesced.reach, submission.header)

    def _claim(self, submission: Submission, batch: "_Batch") -> None:
        """Note the client ids that a submission brings, for the next ones of the batch."""
        user_id, owners, claimed = submission.author.user_id, self.owners, batch.claimed
        for client, runs in submission.header.ranges.items():
            owner = owners[client] if client in owners else claimed.setdefault(client, user_id)
            if owner != user_id and runs[-1][1] > batch.vector.get(client, 0):
                claimed[client] = SHARED

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


@dataclass(slots=True)
class _Coalesced:
    """A draft of a stock client's updates within one batch, and the vector that it may build on."""

    draft: Draft
    reach: VectorOverlay


@dataclass(slots=True)
class _Batch:
    """The drafts of one call of ``prepare``."""

    vector: VectorOverlay
    drafts: list[Draft] = field(default_factory=list)
    by_id: dict[str, Draft] = field(default_factory=dict)
    #: The owners of the client ids that the batch brings first, or brings by a second person.
    claimed: ClientOwners = field(default_factory=dict)
    coalesced: dict[int, _Coalesced] = field(default_factory=dict)
