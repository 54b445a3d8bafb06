"""Append operations to the log, which makes an edit durable (docs/system-flow.md, §4)."""

import enum
import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pymongo.errors import BulkWriteError, OperationFailure

from apps.core import failpoints, metrics, tracing
from apps.core.logs import operations_are_logged
from apps.core.mongo import DUPLICATE_KEY, namespace
from apps.core.mongo_bulk_write import Write, bulk_write, has_bulk_write, insert, update
from apps.core.tracing import Trace, TraceGroup
from apps.crdt.codec.vectors import (
    Vector,
    decode_vector,
    encode_bounded,
    is_oversized,
    merge_into,
)
from apps.documents.heads import Head, head_change, heads_advance
from apps.documents.models import document_rows
from apps.documents.writers import Writer
from apps.oplog.leases import Hold, Leases
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation
from apps.oplog.publisher import Publisher
from apps.oplog.selectors import log_reaches


class AppendState(enum.Enum):
    """The outcome of an append to one document's log."""

    STORED = "stored"  #: all operations are in the log
    LOCKED = "locked"  #: another server holds the lock: request it, wait, retry
    CONFLICT = "conflict"  #: the log has operations that the caller lacks: read them, retry


@dataclass(frozen=True, slots=True)
class Append:
    """Operations to append to one document's log, numbered from the caller's head.

    ``trace`` is that of the batch, where it is traced. ``vector`` is the version vector before the
    operations; it must not change until they are stored.
    """

    document_id: str
    operations: Sequence[Operation]
    trace: Trace | None = None
    vector: Vector = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Appended:
    """The result of an ``Append``: its first ``stored`` operations are in the log."""

    state: AppendState
    stored: int


_LOCKED = Appended(AppendState.LOCKED, 0)
_CONFLICT = Appended(AppendState.CONFLICT, 0)


def operations_append(
    appends: Sequence[Append], *, leases: Leases, publisher: Publisher
) -> list[Appended]:
    """Append to the logs of several documents in one round trip, under each one's lock.

    In order: lock, insert the operations of all documents, advance the heads, publish to Kafka.
    The locks stay held: the caller releases them when the documents go quiet. Results are in the
    order of ``appends``. Raises ``PyMongoError`` when the store fails; then any part may be stored,
    and the caller has to read the log again.
    """
    started = time.perf_counter()
    laps = metrics.StepTimer(_trace_group(append.trace for append in appends))
    answers: list[Appended | None] = [_refusal(append, leases) for append in appends]
    ready = [index for index, answer in enumerate(answers) if answer is None]
    laps.lap(metrics.STEP_LOCK)
    if failpoints.armed and ready:
        failpoints.reach("after_lock")
    while ready:
        done, failed = _store([appends[index] for index in ready])
        for index in ready[:done]:
            answers[index] = Appended(AppendState.STORED, len(appends[index].operations))
        if failed is not None:
            answers[ready[done]] = Appended(AppendState.CONFLICT, failed)
            done += 1
        ready = ready[done:]
    laps.lap(metrics.STEP_STORE)
    results = [answer for answer in answers if answer is not None]
    _publish_stored(appends, results, publisher)
    metrics.COMMIT_SECONDS.observe(time.perf_counter() - started)
    return results


def _refusal(append: Append, leases: Leases) -> Appended | None:
    """Return the result of an append that cannot be tried now, None when its lock is held."""
    hold = leases.hold(append.document_id)
    if hold is Hold.TAKEN:
        return _LOCKED
    if hold is Hold.ACQUIRED and log_reaches(
        document_id=append.document_id, seq=append.operations[0].seq
    ):
        return _CONFLICT
    return None


# --- operations, then heads ---


def _store(appends: Sequence[Append]) -> tuple[int, int | None]:
    """Insert in order, then advance the heads; return how much is stored.

    The result is the number of complete appends, and the number of stored operations of the next
    one, None where all are complete. One command suffices from MongoDB 8 on.
    """
    # The failpoint is a moment within that command.
    if has_bulk_write(operation_rows().database.client) and not failpoints.is_armed_at(
        "after_insert"
    ):
        return _store_at_once(appends)
    done, failed = _insert(appends)
    if failpoints.armed and (done or failed):
        failpoints.reach("after_insert")
    heads_advance(_heads(appends, done, failed))
    return done, failed


def _store_at_once(appends: Sequence[Append]) -> tuple[int, int | None]:
    """Insert and advance the heads in one ordered command: no head precedes its operations.

    When an operation is refused, a second command advances the heads of those before it.
    """
    rows = operation_rows()
    namespaces = [namespace(rows), namespace(document_rows())]
    refused = bulk_write(rows.database.client, namespaces, _writes(appends))
    if refused is None:
        return len(appends), None
    if refused["code"] != DUPLICATE_KEY:
        raise OperationFailure(refused["errmsg"], refused["code"], refused)
    done, failed = _locate(appends, refused["idx"])
    heads_advance(_heads(appends, done, failed))
    return done, failed


def _writes(appends: Sequence[Append]) -> Iterator[Write]:
    """Yield the inserts of operations into the first collection, and the heads of the second."""
    for append in appends:
        for operation in append.operations:
            yield insert(0, operation.to_row(), size_bytes=operation.size_bytes)
    for head in _heads(appends, len(appends)):
        yield update(1, *head_change(head), size_bytes=len(head.version_vector or b""))


def _insert(appends: Sequence[Append]) -> tuple[int, int | None]:
    """Insert in order; return the number of complete appends, and that of the next one's rows.

    Ordered: no row after the first refused one is tried, so a log never gets a gap.
    """
    rows = [operation.to_row() for append in appends for operation in append.operations]
    try:
        operation_rows().insert_many(rows, ordered=True)
    except BulkWriteError as err:
        error = err.details["writeErrors"][0]
        if error["code"] != DUPLICATE_KEY:
            raise
        return _locate(appends, error["index"])
    return len(appends), None


def _locate(appends: Sequence[Append], row: int) -> tuple[int, int]:
    """Return (append, operation within it) of the row with an index."""
    for index, append in enumerate(appends):
        if row < len(append.operations):
            return index, row
        row -= len(append.operations)
    raise ValueError("the store refused a row that was not sent")


def _heads(appends: Sequence[Append], done: int, failed: int | None = None) -> list[Head]:
    """Return the new heads: of the complete appends, and of the stored part of the next one."""
    heads = [_head(append, append.operations) for append in appends[:done]]
    if failed:
        heads.append(_head(appends[done], appends[done].operations[:failed]))
    return heads


def _head(append: Append, stored: Sequence[Operation]) -> Head:
    last = stored[-1]
    return Head(
        document_id=last.document_id,
        seq=last.seq,
        version_vector=_vector_after(append.vector, stored),
        updated_at=last.received_at,
        writers=[Writer(operation.author_id, operation.received_at) for operation in stored],
    )


def _vector_after(before: Vector, operations: Sequence[Operation]) -> bytes | None:
    """Return the encoded version vector after operations, None when it is too large for a head."""
    if is_oversized(before):
        return None
    vector = dict(before)
    for operation in operations:
        merge_into(vector, decode_vector(operation.version_vector))
    return encode_bounded(vector)


# --- Kafka ---


def _publish_stored(
    appends: Sequence[Append], results: Sequence[Appended], publisher: Publisher
) -> None:
    """Publish the stored operations to Kafka."""
    stored = [
        (append.operations[: result.stored], append.trace)
        for append, result in zip(appends, results, strict=True)
        if result.stored
    ]
    if not stored:
        return
    if failpoints.armed:
        failpoints.reach("after_heads")
    laps = metrics.StepTimer()  # untraced, because each batch traces its own publishing
    for operations, trace in stored:
        _publish(operations, publisher, trace)
        metrics.OPERATIONS.inc(len(operations))
    laps.lap(metrics.STEP_KAFKA)
    if operations_are_logged():
        for operation in itertools.chain.from_iterable(operations for operations, _ in stored):
            operation.log("stored")
    if failpoints.armed:
        failpoints.reach("after_kafka")
    metrics.COMMIT_OPERATIONS.observe(sum(len(operations) for operations, _ in stored))


def _publish(operations: Sequence[Operation], publisher: Publisher, trace: Trace | None) -> None:
    """Enqueue operations for Kafka; with a trace, each message has its id in a header."""
    if trace is None:
        publisher.enqueue(operations)
        return
    with trace.publishing(len(operations)) as traceparent:
        publisher.enqueue(operations, headers=[(tracing.HEADER, traceparent)])


def _trace_group(traces: Iterable[Trace | None]) -> TraceGroup | None:
    """Return the traces that are not None as a group, None where tracing is off."""
    if tracing.tracer is None:
        return None
    return TraceGroup([trace for trace in traces if trace is not None])
