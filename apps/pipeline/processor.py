"""Merges operations in a worker, without knowing Kafka (docs/system-flow.md, §5).

Keeps a bounded number of documents in memory, merges what is new, stores the last processed
version, and makes snapshots as the policy says. Idempotent: what it has seen, it passes over; what
it lacks, it reads from the log.
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
from apps.crdt.codec.vectors import Vector, covers, decode_vector, encode_vector
from apps.history.last_processed import Processed, processed_advance
from apps.history.loaded_document import LoadedDocument
from apps.history.recovery import document_load, document_load_to, snapshot_of
from apps.history.selectors import latest_reach, latest_seq
from apps.history.services import version_create
from apps.oplog.operation import Operation
from apps.oplog.selectors import operations_iter
from apps.pipeline.snapshot_policy import SnapshotPolicy, Unsaved

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Followed:
    """A document in the worker's memory."""

    loaded: LoadedDocument
    last: Operation
    unsaved: Unsaved = field(default_factory=Unsaved)
    author_ids: set[str] = field(default_factory=set)

    def note(self, operation: Operation, *, at: float) -> None:
        """Count an operation that no version has."""
        self.unsaved.add(len(operation.update), at=at)
        self.author_ids.add(operation.author_id)


class Processor:
    """Follows documents. One thread owns it."""

    def __init__(
        self,
        policy: SnapshotPolicy,
        *,
        documents: int = 500,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._documents = documents
        self._now = now
        self._followed: OrderedDict[str, _Followed] = OrderedDict()

    def process(self, operations: Iterable[Operation]) -> None:
        """Merge operations of any documents, then store how far each of them has come.

        Operations of one document come in the order of their seq. Raises ``PyMongoError`` when
        the store is away; then the same operations have to come again.
        """
        touched: dict[str, _Followed] = {}
        for operation in operations:
            try:
                followed = self._take(operation)
            except AppError as err:
                # A log with a gap: the document waits for a person, the others do not.
                metrics.LOOP_ERRORS.labels(loop="processor").inc()
                logger.error("document %s not processed: %s", operation.document_id, err.message)
                continue
            if followed is not None:
                touched[operation.document_id] = followed
            if operations_are_logged():
                operation.log("processed")
        if touched:
            processed_advance([_mark(followed) for followed in touched.values()], at=clock.now())
        self._forget_oldest()

    def snapshot_due(self) -> int:
        """Make the snapshots that are due; return how many."""
        now = self._now()
        due = [
            (document_id, followed)
            for document_id, followed in self._followed.items()
            if followed.unsaved.is_due(self._policy, at=now)
        ]
        for document_id, followed in due:
            self._save(document_id, followed)
        waiting = [each.unsaved for each in self._followed.values() if each.unsaved.operations]
        metrics.SNAPSHOT_AGE.set(now - min((each.first_at for each in waiting), default=now))
        return len(due)

    def forget(self) -> None:
        """Save what is unsaved and drop all documents: they are another worker's now."""
        for document_id, followed in self._followed.items():
            if followed.unsaved.operations:
                self._save(document_id, followed)
        self.drop()

    def drop(self) -> None:
        """Drop all documents as they are; the log has everything."""
        for followed in self._followed.values():
            followed.loaded.engine.close()
        self._followed.clear()

    def _take(self, operation: Operation) -> _Followed | None:
        """Merge one operation; what cannot be applied is set aside by loading the document anew."""
        followed = self._followed.get(operation.document_id)
        if followed is None:
            return self._begin(operation)
        self._followed.move_to_end(operation.document_id)
        if operation.seq <= followed.loaded.seq:
            return None
        try:
            self._catch_up(followed, operation)
        except AppError as err:
            logger.error("document %s is loaded anew: %s", operation.document_id, err.message)
            del self._followed[operation.document_id]
            followed.loaded.engine.close()
            return self._begin(operation)
        return followed

    def _catch_up(self, followed: _Followed, operation: Operation) -> None:
        """Apply an operation, and before it what the log has and Kafka did not bring."""
        if operation.seq > followed.loaded.seq + 1:
            metrics.GAPS_REPAIRED.inc()
            missed = operations_iter(
                document_id=operation.document_id,
                after=followed.loaded.seq,
                limit=operation.seq - followed.loaded.seq,
            )
            self._apply(followed, missed)
        else:
            self._apply(followed, [operation])

    def _begin(self, operation: Operation) -> _Followed | None:
        """Load a document up to the operation that names it; what comes after, Kafka brings."""
        document_id = operation.document_id
        saved = latest_seq(document_id=document_id)
        seen: list[Operation] = []
        loaded = document_load_to(
            document_id=document_id, seq=operation.seq, on_operation=seen.append
        )
        if loaded.seq < operation.seq:
            logger.error("operation %s of %s is not in the log", operation.seq, document_id)
            loaded.engine.close()
            return None
        followed = _Followed(loaded=loaded, last=seen[-1] if seen else operation)
        for each in seen:
            if each.seq > saved:
                followed.note(each, at=self._now())
        self._followed[document_id] = followed
        return followed if followed.last.seq == loaded.seq else None

    def _apply(self, followed: _Followed, operations: Iterable[Operation]) -> None:
        for operation in operations:
            followed.loaded.apply(operation)
            followed.last = operation
            followed.note(operation, at=self._now())

    def _save(self, document_id: str, followed: _Followed) -> None:
        """Keep the document's state as a version and cache it, unless somebody else has.

        Where the log got a gap meanwhile nothing is kept: the document waits for a person.
        """
        try:
            self._keep(document_id, followed)
        except AppError as err:
            metrics.LOOP_ERRORS.labels(loop="processor").inc()
            logger.error("document %s not saved: %s", document_id, err.message)
        followed.unsaved = Unsaved()
        followed.author_ids.clear()

    def _keep(self, document_id: str, followed: _Followed) -> None:
        seq, vector = latest_reach(document_id=document_id)
        if not covers(followed.loaded.vector, _readable(vector)):
            # Something was released from quarantine (``release``) since this was loaded.
            logger.warning("document %s is loaded anew: its versions have more", document_id)
            stale, followed.loaded = followed.loaded, document_load(document_id=document_id)
            stale.engine.close()
        if seq < followed.loaded.seq:
            version_create(
                document_id=document_id,
                snapshot=snapshot_of(followed.loaded, document_id=document_id),
                author_ids=followed.author_ids,
            )
            metrics.SNAPSHOTS.inc()

    def _forget_oldest(self) -> None:
        """Keep memory bounded: the least recently edited go, what is unsaved saved before."""
        while len(self._followed) > self._documents:
            document_id, followed = self._followed.popitem(last=False)
            if followed.unsaved.operations:
                self._save(document_id, followed)
            followed.loaded.engine.close()


def _readable(vector: bytes) -> Vector:
    try:
        return decode_vector(vector)
    except DecodeError:  # a damaged row: what has no vector has nothing more
        return {}


def _mark(followed: _Followed) -> Processed:
    return Processed(
        document_id=followed.last.document_id,
        seq=followed.loaded.seq,
        unique_id=followed.last.unique_id,
        version_vector=encode_vector(followed.loaded.vector),
        received_at=followed.last.received_at,
    )
