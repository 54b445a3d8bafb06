"""The checks of an edit against its document: whether it may stand there, and what it may cost."""

from apps.collab.submission import SURVEY_IN_THREAD_BYTES, Submission
from apps.core.errors import AppError, InvalidInputError
from apps.crdt.codec.text_joining import text_joined
from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.codec.vectors import Clocks
from apps.crdt.engine.merge_cost import (
    MAX_BYTES_COPIED,
    MAX_JOIN_BYTES,
    MAX_VALUES_COPIED,
    MergeCost,
)
from apps.crdt.engine.placements import placements_of
from apps.crdt.engine.structure_guard import MAX_WAITING_BYTES, StructureGuard
from apps.crdt.ids.surrogate_pairs import SurrogatePairs, straightened
from apps.history.loaded_document import LoadedDocument

#: Bytes of an update in which a text or a list may be cut once.
CUT_MIN_BYTES = 3


class NotYetError(Exception):
    """A submission is to be surveyed in a thread, or tried in a child process, before its merge."""


class EditChecks:
    """The structure of one document, and the cost of the edits that come to it."""

    def __init__(self, loaded: LoadedDocument) -> None:
        self._loaded = loaded
        self._structure = StructureGuard(loaded.containers)
        self._cost = MergeCost(state_bytes=loaded.size_bytes)
        if loaded.pairs is None:
            loaded.pairs = SurrogatePairs.of_state(loaded.engine.encode(), loaded.vector)
        #: The characters of two UTF-16 units, which nothing may cut.
        self._pairs = loaded.pairs

    def straighten(self, submission: Submission, vector: Clocks) -> bool:
        """Straighten a submission (ADR 0017); return False when that refuses it.

        What is typed behind a character stands behind a whole one. A large submission is
        straightened by ``survey``.
        """
        header = submission.header
        if header.typed is not None and not (header.deletes or header.typed[3]):
            return True
        if not (self._pairs or header.has_pairs or header.is_backward):
            return True
        if header.size > SURVEY_IN_THREAD_BYTES:
            return True
        try:
            self._straighten(submission, vector)
        except InvalidInputError as err:
            submission.author.on_rejected(submission.unique_id, err)
            return False
        return True

    def _straighten(self, submission: Submission, vector: Clocks) -> None:
        update = straightened(submission.update, submission.header, self._pairs, vector)
        if update is not submission.update:
            submission.update, submission.header = update, read_update(update)

    def check(
        self, submission: Submission, vector: Clocks, at: float, *, new_structs: bool
    ) -> bool:
        """Check a submission that is about to be applied; ``vector`` is that of the log until then.

        Return whether its merge is to be timed (``settle``). The survey of a large one has checked
        where its items stand. ``new_structs``: whether it inserts anything. Raises ``NotYetError``
        where the merge may be slow, or is unusual for the engine, and ``MalformedUpdateError`` or
        ``NestingTooDeepError``.
        """
        if submission.placements is None:
            self._structure.check(submission.header, submission.update, self._loaded.engine, vector)
            submission.has_non_neighbours = self._structure.has_non_neighbours
        if submission.is_rehearsed:
            return False
        self._check_cost(submission, vector, at, new_structs=new_structs)
        return new_structs and not self._cost.is_free

    def settle(self, took_s: float) -> None:
        """Charge the merge of the submission checked last, by the processor time that it took."""
        self._cost.settle(took_s)

    def _check_cost(
        self, submission: Submission, vector: Clocks, at: float, *, new_structs: bool
    ) -> None:
        header = submission.header
        if submission.placements is not None:
            is_over = self._cost.add_placements(submission.placements, at=at)
            cuts = submission.placements.cuts
        else:
            is_over = new_structs and self._cost.add(
                submission.update, header.size, header=header, at=at
            )
            cuts = 1 + header.size // CUT_MIN_BYTES
        size_bytes = self._loaded.size_bytes + header.size
        if (
            is_over
            or submission.has_non_neighbours
            or header.is_unusual
            or self._loaded.is_suspect
            or (
                cuts * size_bytes > MAX_VALUES_COPIED
                and self._may_cut_much(cuts, size_bytes, header.values, vector)
            )
        ):
            raise NotYetError

    def _may_cut_much(self, cuts: int, size_bytes: int, new_values: int, vector: Clocks) -> bool:
        """Return whether deletes and new items may cut long contents too often.

        The engine copies the rest of a text or of a list at each cut.
        """
        if cuts * size_bytes > MAX_BYTES_COPIED:
            return True
        up_to = MAX_VALUES_COPIED // cuts
        values = self._structure.values(
            self._loaded.engine, vector, up_to=up_to, size_bytes=size_bytes
        )
        return values + new_values > up_to

    # --- after a merge ---

    def add(self, submission: Submission) -> None:
        """Note a submission that has been applied."""
        if submission.header.has_pairs:
            self._pairs.add(submission.update)
        self._structure.add(submission.update, later=submission.placements is not None)

    def add_remote(self, update: bytes, header: UpdateHeader, *, took_s: float) -> None:
        """Note an operation of the log that has been applied in ``took_s`` of processor time."""
        if header.has_pairs:
            self._pairs.add(update)
        self._structure.add(update, header)
        self._cost.add(update, header.size, header=header)
        if not self._cost.is_free:
            self._cost.settle(took_s)

    # --- what takes long: in a thread, or in a child process ---

    @property
    def is_index_behind(self) -> bool:
        """Return whether a large update waits to be indexed."""
        return self._structure.waiting_bytes > MAX_WAITING_BYTES

    def index_waiting(self) -> None:
        """Index what was merged, for the next checks; in a thread where much waits."""
        self._structure.add_waiting()

    def survey(self, submission: Submission, vector: Clocks) -> None:
        """Check a large submission, and find out what it may cost; in a thread, between batches.

        Its text is joined where the engine would have to do that.
        """
        try:
            self._straighten(submission, vector)
        except InvalidInputError as err:
            submission.refusal = err
        placements = placements_of([submission.update])
        if placements.joins * len(submission.update) > MAX_JOIN_BYTES:
            submission.update = text_joined(submission.update)
            submission.header = read_update(submission.update)
        submission.placements = placements
        if submission.refusal is not None:
            return
        try:
            self._structure.check(submission.header, submission.update, self._loaded.engine, vector)
        except AppError as err:
            submission.refusal = err
        submission.has_non_neighbours = self._structure.has_non_neighbours

    def mark_rehearsed(self, submission: Submission) -> None:
        """Record that a child process has tried a submission, and the load of the document."""
        submission.is_rehearsed = True
        self._cost.reset()

    def undo(self, submission: Submission) -> None:
        """Undo the count of a submission: it was refused."""
        self._cost.undo(submission.update)
