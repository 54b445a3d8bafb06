"""The sweep processes documents that are behind, and only those."""

from apps.history.last_processed import processed_seqs
from apps.oplog.models import operation_rows
from apps.oplog.selectors import operations_since
from apps.pipeline.processor import Processor
from apps.pipeline.selectors import behind_find
from apps.pipeline.snapshot_policy import SnapshotPolicy
from apps.pipeline.sweep import sweep
from tests.support.snapshots import cached_snapshot
from tests.support.stored_logs import Store, Written


def behind(older_than_s: float = 30) -> dict[str, int]:
    """Return the documents that the sweep would process."""
    return dict(behind_find(older_than_s=older_than_s, limit=1_000))


def test_sweep_brings_missed_documents_to_their_heads(written: Written) -> None:
    """Kafka lost everything: the documents are processed and have snapshots."""
    scribe = written(3, age_s=60)
    assert behind()[scribe.document_id] == 3
    sweep(SnapshotPolicy(), older_than_s=30, limit=1_000)
    assert processed_seqs([scribe.document_id]) == {scribe.document_id: 3}
    snapshot = cached_snapshot(scribe.document_id)
    assert snapshot is not None
    assert snapshot.seq == 3
    assert scribe.document_id not in behind()


def test_sweep_leaves_fresh_edits_to_kafka(written: Written) -> None:
    """New operations may still arrive from Kafka."""
    assert written(2).document_id not in behind()


def test_sweep_finds_a_document_that_is_edited_all_the_time(written: Written, store: Store) -> None:
    """Its last edit is new, its first unprocessed one is old (docs/system-flow.md, §8)."""
    scribe = written(2, age_s=60)
    store(scribe.write_many(1))
    assert behind()[scribe.document_id] == 3


def test_sweep_leaves_what_is_processed(written: Written) -> None:
    """A document whose *last_processed_version* is at the head is not read."""
    scribe = written(2, age_s=60)
    processor = Processor(SnapshotPolicy())
    processor.process(operations_since(document_id=scribe.document_id, after=0))
    processor.clear()
    assert scribe.document_id not in behind()


def test_sweep_finds_a_document_that_is_partly_processed(written: Written, store: Store) -> None:
    """Its *last_processed_version* is before the head."""
    scribe = written(2, age_s=61)
    processor = Processor(SnapshotPolicy())
    processor.process(operations_since(document_id=scribe.document_id, after=0))
    processor.clear()
    old = operations_since(document_id=scribe.document_id, after=1)[0].received_at
    store(scribe.write_many(1, at=old))
    assert behind()[scribe.document_id] == 3


def test_sweep_continues_after_a_damaged_log(written: Written) -> None:
    """With a gap at the end of the log, and before it."""
    at_end, before = written(3, age_s=90), written(3, age_s=80)
    operation_rows().update_one({"document_id": at_end.document_id, "seq": 3}, {"$set": {"seq": 5}})
    operation_rows().delete_one({"document_id": before.document_id, "seq": 2})
    sound = written(3, age_s=60)
    sweep(SnapshotPolicy(), older_than_s=30, limit=1_000)
    keys = [at_end.document_id, before.document_id, sound.document_id]
    assert processed_seqs(keys) == {sound.document_id: 3}
