"""Compares the watermarks with a replay of the whole log.

They are the head and *published_seq* in *documents*, and the workers' *last_processed_version*.
"""

from collections.abc import Iterator

from apps.core import clock
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.vectors import covers, decode_vector, encode_bounded
from apps.documents.heads import StoredHead, head_replace
from apps.history.last_processed import Processed, processed_replace
from apps.maintenance.integrity.faults import Fault
from apps.maintenance.integrity.log_replay import LogReplay
from apps.oplog.selectors import log_reaches


def head_faults(head: StoredHead | None, replay: LogReplay) -> Iterator[Fault]:
    """Yield the faults of the head in *documents*."""
    end = replay.seq
    if head is None:
        yield Fault(
            "no_entity",
            f"There are {end} operations and no row in documents: an import that was killed "
            "(repeat it), or a row that was lost.",
        )
        return
    expected = _expected_head(head, replay)
    fault = _end_fault(head, replay)
    if fault is not None:
        yield _with_repair(fault, head, expected, replay)
    fault = _published_fault(head)
    if fault is not None:
        yield _with_repair(fault, head, expected, replay)


def _end_fault(head: StoredHead, replay: LogReplay) -> Fault | None:
    end = replay.seq
    if head.seq < end:
        return Fault("head_behind", f"documents has {head.seq}, the log ends at {end}.")
    if head.seq > end:
        if log_reaches(document_id=replay.document_id, seq=head.seq):  # it is being edited
            return None
        return Fault("head_ahead", f"documents has {head.seq}, the log ends at {end}.")
    if not replay.has_vector(head.version_vector):
        return Fault("head_vector", "documents does not have the version vector of the log.")
    return None


def _published_fault(head: StoredHead) -> Fault | None:
    if head.published_seq > head.seq:
        text = f"published_seq is {head.published_seq}, the head in documents is {head.seq}."
        return Fault("published_ahead", text)
    if head.published_seq < head.seq and not head.unpublished:
        text = f"Kafka has {head.published_seq} of {head.seq}, and no relay will continue."
        return Fault("unpublished_unmarked", text)
    return None


def _expected_head(head: StoredHead, replay: LogReplay) -> StoredHead:
    """Return the head of the replay, or the stored one while the document is edited."""
    seq, vector = replay.seq, encode_bounded(replay.loaded.vector)
    if _end_fault(head, replay) is None:
        seq, vector = head.seq, head.version_vector
    published_seq = min(head.published_seq, seq)
    return StoredHead(seq, vector, published_seq, unpublished=published_seq < seq)


def _with_repair(fault: Fault, head: StoredHead, expected: StoredHead, replay: LogReplay) -> Fault:
    return fault.repaired_by(
        lambda: head_replace(document_id=replay.document_id, seen=head, head=expected),
        f"documents gets {expected.seq}, and {expected.published_seq} for Kafka.",
    )


def processed_fault(processed: Processed | None, replay: LogReplay) -> Fault | None:
    """Return the fault of *last_processed_version*; being behind is none."""
    fault = _processed_fault(processed, replay)
    if fault is None or replay.last is None:
        return fault
    expected = Processed(
        document_id=replay.document_id,
        seq=replay.seq,
        unique_id=replay.last.unique_id,
        version_vector=encode_bounded(replay.loaded.vector) or replay.last.version_vector,
        received_at=replay.last.received_at,
    )
    return fault.repaired_by(
        lambda: processed_replace(expected, seen=processed, at=clock.now()),
        f"last_processed_version gets {expected.seq}.",
    )


def _processed_fault(processed: Processed | None, replay: LogReplay) -> Fault | None:
    if processed is None:
        return None
    if processed.seq > replay.seq:
        text = f"A worker has processed {processed.seq}, the log ends at {replay.seq}."
        return Fault("processed_ahead", text)
    try:
        seen = decode_vector(processed.version_vector)
    except DecodeError:
        return Fault(
            "processed_vector", "The version vector of last_processed_version cannot be read."
        )
    if not covers(replay.loaded.vector, seen):
        return Fault("processed_vector", "A worker has processed edits that the log lacks.")
    return None
