"""Append to the log: here an edit becomes durable (docs/system-flow.md, §4)."""

import contextlib
import enum
import itertools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, ClientBulkWriteException, InvalidOperation

from apps.core import failpoints, metrics, tracing
from apps.core.logs import operations_are_logged
from apps.core.mongo import DURABLE, namespace
from apps.core.tracing import Trace, TraceGroup
from apps.documents.heads import Head, document_rows, head_update, heads_advance
from apps.oplog.leases import Hold, Leases
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation
from apps.oplog.publisher import Publisher
from apps.oplog.selectors import log_reaches

_DUPLICATE_KEY = 11000


class AppendState(enum.Enum):
    """How an append to one document's log ended."""

    STORED = "stored"  #: all of it is in the log
    LOCKED = "locked"  #: another server holds the lock: ask for it, wait, try again
    BEHIND = "behind"  #: the log has something that the caller lacks: read it, then try again


@dataclass(frozen=True, slots=True)
class Append:
    """Operations for the end of one document's log, numbered from the caller's head.

    ``trace`` is the batch's, where it is traced.
    """

    document_id: str
    operations: Sequence[Operation]
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of an ``Append``: its first ``stored`` operations are in the log for good."""

    state: AppendState
    stored: int


_LOCKED = Appended(AppendState.LOCKED, 0)
_BEHIND = Appended(AppendState.BEHIND, 0)


def operations_append(
    appends: Sequence[Append], *, leases: Leases, publisher: Publisher
) -> list[Appended]:
    """Append to the logs of several documents in one round trip, under each one's lock.

    In order: lock, insert the operations of all documents, move the documents' heads, hand over to
    Kafka. The locks are kept: the caller gives them up when the documents go quiet. Answers in the
    order of ``appends``. Raises ``PyMongoError`` when the store fails, and then nobody knows what
    got in: the caller has to read the log again.
    """
    started = time.perf_counter()
    laps = metrics.StepTimer(_together(append.trace for append in appends))
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
            answers[ready[done]] = Appended(AppendState.BEHIND, failed)
            done += 1
        ready = ready[done:]
    laps.lap(metrics.STEP_STORE)
    results = [answer for answer in answers if answer is not None]
    _hand_over(appends, results, publisher)
    metrics.COMMIT_SECONDS.observe(time.perf_counter() - started)
    return results


def _refusal(append: Append, leases: Leases) -> Appended | None:
    """Return why an append cannot be tried now, or None when its lock is held and it may."""
    hold = leases.hold(append.document_id)
    if hold is Hold.TAKEN:
        return _LOCKED
    if hold is Hold.FRESH and log_reaches(
        document_id=append.document_id, seq=append.operations[0].seq
    ):
        return _BEHIND
    return None


# --- the operations, and then the heads ---


def _store(appends: Sequence[Append]) -> tuple[int, int | None]:
    """Insert in order, then move the heads; return what is in.

    That is how many appends are in whole, and how many operations of the next one, None where all
    are in. In one command where the server has it, which is MongoDB from version 8 on.
    """
    if not failpoints.waits_at("after_insert"):  # a moment within that command
        with contextlib.suppress(InvalidOperation):  # an older server; nothing was sent
            return _store_at_once(appends)
    done, failed = _insert(appends)
    if failpoints.armed and (done or failed):
        failpoints.reach("after_insert")
    heads_advance(_heads(appends, done, failed))
    return done, failed


def _store_at_once(appends: Sequence[Append]) -> tuple[int, int | None]:
    """Insert and move the heads in one command, ordered: no head is before its operations.

    Where an operation is refused, the heads of those before it take a second command. Raises
    ``InvalidOperation`` where the server does not know the command.
    """
    rows, documents = operation_rows(), document_rows()
    log, entities = namespace(rows), namespace(documents)
    writes: list[InsertOne[dict[str, Any]] | UpdateOne] = [
        InsertOne(operation.to_row(), namespace=log)
        for append in appends
        for operation in append.operations
    ]
    writes += [head_update(head, namespace=entities) for head in _heads(appends, len(appends))]
    try:
        rows.database.client.bulk_write(writes, ordered=True, write_concern=DURABLE)
    except ClientBulkWriteException as err:
        refused: list[Any] = err.write_errors or []
        if err.error or err.write_concern_errors or not refused:
            raise
        if refused[0]["code"] != _DUPLICATE_KEY:
            raise
        done, failed = _locate(appends, refused[0]["idx"])
        heads_advance(_heads(appends, done, failed))
        return done, failed
    return len(appends), None


def _insert(appends: Sequence[Append]) -> tuple[int, int | None]:
    """Insert in order; return how many appends are in whole, and what is in of the next one.

    Ordered: nothing after the first refused row is tried, so a log never gets a gap.
    """
    rows = [operation.to_row() for append in appends for operation in append.operations]
    try:
        operation_rows().insert_many(rows, ordered=True)
    except BulkWriteError as err:
        error = err.details["writeErrors"][0]
        if error["code"] != _DUPLICATE_KEY:
            raise
        return _locate(appends, error["index"])
    return len(appends), None


def _locate(appends: Sequence[Append], row: int) -> tuple[int, int]:
    """Turn the number of a row into (append, operation within it)."""
    for index, append in enumerate(appends):
        if row < len(append.operations):
            return index, row
        row -= len(append.operations)
    raise ValueError("the store refused a row that it was not given")


def _heads(appends: Sequence[Append], done: int, failed: int | None = None) -> list[Head]:
    """Return the ends of the logs: of those that are in whole, and of the next one's part."""
    last = [append.operations[-1] for append in appends[:done]]
    if failed:
        last.append(appends[done].operations[failed - 1])
    return [_head(operation) for operation in last]


def _head(operation: Operation) -> Head:
    return Head(
        document_id=operation.document_id,
        seq=operation.seq,
        version_vector=operation.version_vector,
        updated_at=operation.received_at,
    )


# --- Kafka ---


def _hand_over(
    appends: Sequence[Append], results: Sequence[Appended], publisher: Publisher
) -> None:
    """Hand what is new to Kafka."""
    stored = [
        (append.operations[: result.stored], append.trace)
        for append, result in zip(appends, results, strict=True)
        if result.stored
    ]
    if not stored:
        return
    if failpoints.armed:
        failpoints.reach("after_heads")
    laps = metrics.StepTimer()  # in a trace each batch's own publishing stands for it
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
    """Hand operations to Kafka; where they are traced, each message names its trace."""
    if trace is None:
        publisher.hand_over(operations)
        return
    with trace.publishing(len(operations)) as traceparent:
        publisher.hand_over(operations, headers=[(tracing.HEADER, traceparent)])


def _together(traces: Iterable[Trace | None]) -> TraceGroup | None:
    """Return those that are there as one, None where nothing is traced."""
    if tracing.tracer is None:
        return None
    return TraceGroup([trace for trace in traces if trace is not None])
