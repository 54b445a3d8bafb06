"""Merges operations in a worker, without knowing Kafka (docs/system-flow.md, §5).

Keeps a bounded number of documents in memory, merges what is new, stores the last processed
version, and makes snapshots as the policy says. Idempotent: it skips
operations that it has, and reads operations that it lacks from the log.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from apps.core import clock, metrics
from apps.core.errors import AppError
from apps.core.logs import operations_are_logged
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.vectors import Vector, covers, decode_vector, encode_bounded
from apps.documents.excerpts import EXCERPT_MAX_CHARS, excerpt_set
from apps.history.crash_notes import work_noted
from apps.history.last_processed import Processed, processed_advance
from apps.history.load_trial import snapshot_try
from apps.history.loaded_document import LoadedDocument
from apps.history.recovery import document_load, document_load_to, owners_derive, snapshot_of
from apps.history.selectors import latest_reach, latest_seq
from apps.history.services import version_create
from apps.oplog.operation import Operation
from apps.oplog.selectors import operations_iter
from apps.pipeline.snapshot_policy import SnapshotPolicy, Unsaved

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _TrackedDocument:
    """A document in the worker's memory, with what no version has yet."""

    loaded: LoadedDocument
    last: Operation
    unsaved: Unsaved = field(default_factory=Unsaved)
    author_ids: set[str] = field(default_factory=set)

    def add(self, operation: Operation, *, at: float) -> None:
        """Count an operation that no version has."""
        self.unsaved.add(len(operation.update), at=at)
        self.author_ids.add(operation.author_id)


class Processor:
    """Keeps documents in memory and merges operations into them. One thread owns it."""

    def __init__(
        self,
        policy: SnapshotPolicy,
        *,
        max_documents: int = 500,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._max_documents = max_documents
        self._now = now
        self._tracked: OrderedDict[str, _TrackedDocument] = OrderedDict()

    def process(self, operations: Iterable[Operation]) -> None:
        """Merge operations of any documents, then store *last_processed_version* of each document.

        Operations of one document must be in the order of their seq. Raises ``PyMongoError`` when
        the store is unavailable; the caller must then pass the same operations again.
        """
        touched: dict[str, _TrackedDocument] = {}
        for operation in operations:
            try:
                tracked = self._track(operation)
            except AppError as err:
                # The log has a gap: only this document waits for an operator.
                metrics.LOOP_ERRORS.labels(loop="processor").inc()
                logger.error("document %s not processed: %s", operation.document_id, err.message)
                continue
            if tracked is not None:
                touched[operation.document_id] = tracked
            if operations_are_logged():
                operation.log("processed")
        if touched:
            processed_advance(
                [_processed_row(tracked) for tracked in touched.values()], at=clock.now()
            )
        self._evict_oldest()

    def snapshot_due(self) -> int:
        """Make the snapshots that are due; return how many."""
        now = self._now()
        due = [
            (document_id, tracked)
            for document_id, tracked in self._tracked.items()
            if tracked.unsaved.is_due(self._policy, at=now)
        ]
        for document_id, tracked in due:
            self._save(document_id, tracked)
        waiting = [
            tracked.unsaved for tracked in self._tracked.values() if tracked.unsaved.operations
        ]
        metrics.SNAPSHOT_AGE.set(now - min((unsaved.first_at for unsaved in waiting), default=now))
        return len(due)

    def flush_and_clear(self) -> None:
        """Make the missing snapshots and clear: another worker processes the documents now."""
        for document_id, tracked in self._tracked.items():
            if tracked.unsaved.operations:
                self._save(document_id, tracked)
        self.clear()

    def clear(self) -> None:
        """Drop all documents without a snapshot; the log has every operation."""
        for tracked in self._tracked.values():
            tracked.loaded.engine.close()
        self._tracked.clear()

    def _track(self, operation: Operation) -> _TrackedDocument | None:
        """Merge one operation; where that fails, reload the document, which quarantines it."""
        tracked = self._tracked.get(operation.document_id)
        if tracked is None:
            return self._load(operation)
        self._tracked.move_to_end(operation.document_id)
        if operation.seq <= tracked.loaded.seq:
            return None
        try:
            self._catch_up(tracked, operation)
        except AppError as err:
            logger.error("document %s is reloaded: %s", operation.document_id, err.message)
            del self._tracked[operation.document_id]
            tracked.loaded.engine.close()
            return self._load(operation)
        return tracked

    def _catch_up(self, tracked: _TrackedDocument, operation: Operation) -> None:
        """Apply an operation; before it, from the log, the ones that Kafka did not deliver."""
        if operation.seq > tracked.loaded.seq + 1:
            metrics.GAPS_REPAIRED.inc()
            missed = operations_iter(
                document_id=operation.document_id,
                after=tracked.loaded.seq,
                limit=operation.seq - tracked.loaded.seq,
            )
            self._apply(tracked, missed)
        else:
            self._apply(tracked, [operation])

    def _load(self, operation: Operation) -> _TrackedDocument | None:
        """Load a document up to this operation; Kafka delivers the later ones."""
        document_id = operation.document_id
        saved = latest_seq(document_id=document_id)
        applied: list[Operation] = []
        loaded = document_load_to(
            document_id=document_id, seq=operation.seq, on_operation=applied.append
        )
        if loaded.seq < operation.seq:
            logger.error("operation %s of %s is not in the log", operation.seq, document_id)
            loaded.engine.close()
            return None
        tracked = _TrackedDocument(loaded=loaded, last=applied[-1] if applied else operation)
        for earlier in applied:
            if earlier.seq > saved:
                tracked.add(earlier, at=self._now())
        self._tracked[document_id] = tracked
        return tracked if tracked.last.seq == loaded.seq else None

    def _apply(self, tracked: _TrackedDocument, operations: Iterable[Operation]) -> None:
        for operation in operations:
            with work_noted(operation.document_id):
                tracked.loaded.apply(operation)
            tracked.last = operation
            tracked.add(operation, at=self._now())

    def _save(self, document_id: str, tracked: _TrackedDocument) -> None:
        """Store the document's state as a version and cache it, unless another worker has.

        Where the log has a gap now, nothing is stored: the document waits for an operator.
        """
        try:
            self._save_version(document_id, tracked)
        except AppError as err:
            metrics.LOOP_ERRORS.labels(loop="processor").inc()
            logger.error("document %s not saved: %s", document_id, err.message)
        tracked.unsaved = Unsaved()
        tracked.author_ids.clear()

    def _save_version(self, document_id: str, tracked: _TrackedDocument) -> None:
        seq, vector = latest_reach(document_id=document_id)
        if not covers(tracked.loaded.vector, _vector_or_empty(vector)):
            # An operation was released from quarantine after this document was loaded.
            logger.warning(
                "document %s is reloaded: its versions have more operations", document_id
            )
            stale, tracked.loaded = tracked.loaded, document_load(document_id=document_id)
            stale.engine.close()
        if seq < tracked.loaded.seq:
            owners_derive(tracked.loaded, document_id=document_id)
            snapshot = snapshot_of(tracked.loaded, document_id=document_id)
            version_create(
                document_id=document_id, snapshot=snapshot, author_ids=tracked.author_ids
            )
            metrics.SNAPSHOTS.inc()
            snapshot_try(document_id=document_id, state=snapshot.state)
        self._save_excerpt(document_id, tracked)

    def _save_excerpt(self, document_id: str, tracked: _TrackedDocument) -> None:
        """Store the first words of the document's text, whichever worker has made the version."""
        with work_noted(document_id):
            text = tracked.loaded.engine.opening(EXCERPT_MAX_CHARS)
        excerpt_set(document_id=document_id, seq=tracked.loaded.seq, text=text)

    def _evict_oldest(self) -> None:
        """Bound the memory: save and drop the least recently edited documents."""
        while len(self._tracked) > self._max_documents:
            document_id, tracked = self._tracked.popitem(last=False)
            if tracked.unsaved.operations:
                self._save(document_id, tracked)
            tracked.loaded.engine.close()


def _vector_or_empty(vector: bytes) -> Vector:
    try:
        return decode_vector(vector)
    except DecodeError:  # a damaged row counts as one without operations
        return {}


def _processed_row(tracked: _TrackedDocument) -> Processed:
    return Processed(
        document_id=tracked.last.document_id,
        seq=tracked.loaded.seq,
        unique_id=tracked.last.unique_id,
        version_vector=encode_bounded(tracked.loaded.vector) or tracked.last.version_vector,
        received_at=tracked.last.received_at,
    )
