"""The processor merges operations of any source, however often they arrive."""

import dataclasses
from collections.abc import Callable

import pytest

from apps.core import ids, metrics
from apps.crdt.codec.vectors import encode_vector
from apps.documents.selectors import document_stored
from apps.history import load_trial
from apps.history.last_processed import processed_rows, processed_seqs
from apps.history.models import version_rows
from apps.history.recovery import document_load
from apps.history.services import version_create
from apps.history.states import present_state
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation
from apps.oplog.quarantine import quarantine_iter
from apps.oplog.selectors import operations_since
from apps.pipeline.processor import Processor
from apps.pipeline.snapshot_policy import SnapshotPolicy
from tests.crdt.samples import letters
from tests.crdt.samples import written as sample
from tests.support.documents import make_document
from tests.support.operations import Scribe
from tests.support.snapshots import cached_snapshot
from tests.support.stored_logs import Store, Written

#: Nothing is due by itself.
NEVER = SnapshotPolicy(operations=10**9, size_bytes=10**9, quiet_s=10**9)


def seqs_of_versions(document_id: str) -> list[int]:
    """Return the seq of each stored version, in the order of their numbers."""
    rows = version_rows().find({"document_id": document_id}, {"seq": 1}).sort("number", 1)
    return [row["seq"] for row in rows]


def test_processed_operations_are_marked_with_the_last_one(written: Written) -> None:
    """*last_processed_version* has its seq, unique id, time and the log's version vector."""
    scribe = written(4)
    operations = operations_since(document_id=scribe.document_id, after=0)
    processor = Processor(NEVER)
    processor.process(operations)
    processor.clear()
    row = processed_rows().find_one({"_id": scribe.document_id})
    assert row is not None
    assert (row["seq"], row["unique_id"]) == (4, operations[-1].unique_id)
    assert bytes(row["version_vector"]) == encode_vector(
        document_load(document_id=scribe.document_id).vector
    )


@pytest.mark.parametrize(
    "disturb",
    [
        lambda operations: [*operations, *operations],
        lambda operations: [operations[0], operations[0], *operations],
        lambda operations: [operations[0], operations[-1]],
        lambda operations: [operations[-1]],
    ],
    ids=["all twice", "one again", "a gap", "only the last"],
)
def test_operations_that_kafka_repeats_or_loses_change_nothing(
    written: Written, disturb: Callable[..., list[object]]
) -> None:
    """The result is that of the log, whatever part of it Kafka delivered."""
    scribe = written(5)
    operations = operations_since(document_id=scribe.document_id, after=0)
    processor = Processor(NEVER)
    for operation in disturb(operations):
        processor.process([operation])  # type: ignore[list-item]
    processor.flush_and_clear()
    assert processed_seqs([scribe.document_id]) == {scribe.document_id: 5}
    assert seqs_of_versions(scribe.document_id) == [5]
    snapshot = cached_snapshot(scribe.document_id)
    assert snapshot is not None
    assert snapshot.state == document_load(document_id=scribe.document_id).engine.encode()


def test_snapshot_comes_with_the_first_words_of_the_text(store: Store) -> None:
    """In the entity, up to the processed operation; also where somebody else made the version."""
    scribe = Scribe()
    make_document(scribe.document_id)
    processor = Processor(NEVER)
    for text, excerpt in (("Dear Grace", "Dear Grace"), ("the crane", "Dear Grace the crane")):
        operation = scribe.write_paragraph(text)
        store([operation])
        processor.process([operation])
        if operation.seq == 2:
            state = present_state(document_id=scribe.document_id)
            version_create(document_id=scribe.document_id, snapshot=state)
        processor.flush_and_clear()
        document = document_stored(scribe.document_id)
        assert (document.excerpt, document.excerpt_seq) == (excerpt, operation.seq)
    assert seqs_of_versions(scribe.document_id) == [1, 2]


def test_snapshot_is_opened_without_a_trial_by_other_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worker has tried it in a child process, and says so in Redis."""
    scribe = Scribe()
    written = scribe.write("x" * 100_000)
    operation_rows().insert_one(written.to_row())
    processor = Processor(NEVER)
    processor.process([written])
    processor.flush_and_clear()
    load_trial._tried.clear()  # as in another process

    def never(*_args: object) -> None:
        raise AssertionError("tried again")

    monkeypatch.setattr(load_trial, "load_rehearse", never)
    assert seqs_of_versions(scribe.document_id) == [1]
    assert document_load(document_id=scribe.document_id).seq == 1


def test_operation_that_the_log_lacks_is_ignored() -> None:
    """A message of another installation, or of a log that was reset, changes nothing."""
    processor = Processor(NEVER)
    scribe = Scribe()
    processor.process(scribe.write_many(2))
    processor.flush_and_clear()
    assert processed_seqs([scribe.document_id]) == {}
    assert seqs_of_versions(scribe.document_id) == []


def test_document_is_loaded_no_further_than_the_operation_that_kafka_delivered(
    written: Written,
) -> None:
    """Later operations arrive as messages: the test deletes them from the log."""
    scribe = written(6)
    operations = operations_since(document_id=scribe.document_id, after=0)
    operation_rows().delete_many({"document_id": scribe.document_id, "seq": {"$gt": 2}})
    processor = Processor(NEVER)
    processor.process(operations[1:])
    assert processed_seqs([scribe.document_id]) == {scribe.document_id: 6}
    processor.flush_and_clear()
    assert seqs_of_versions(scribe.document_id) == [6]


def test_message_before_last_processed_version_does_not_move_it_back(written: Written) -> None:
    """A worker that takes a partition over reads old messages again."""
    scribe = written(6)
    operations = operations_since(document_id=scribe.document_id, after=0)
    first, second = Processor(NEVER), Processor(NEVER)
    first.process(operations)
    first.clear()
    second.process(operations[:1])
    second.flush_and_clear()
    assert processed_seqs([scribe.document_id]) == {scribe.document_id: 6}
    assert seqs_of_versions(scribe.document_id) == [6]


def test_operation_that_cannot_be_applied_is_quarantined_and_the_rest_is_processed(
    written: Written, store: Store
) -> None:
    """It blocks neither its document nor other documents."""
    scribe, other = written(2), written(1)
    processor = Processor(NEVER)
    processor.process(operations_since(document_id=scribe.document_id, after=0))
    inside_a_letter = sample([(1, 0, [letters("x", parent=(scribe.doc.client_id, 1))])])
    fresh = Scribe(scribe.document_id)
    fresh.seq = 3
    bad = dataclasses.replace(scribe.write("x"), update=inside_a_letter)
    store([bad, fresh.write("after")])
    operations = operations_since(document_id=scribe.document_id, after=2)
    processor.process([*operations, *operations_since(document_id=other.document_id, after=0)])
    processor.flush_and_clear()
    assert processed_seqs([scribe.document_id, other.document_id]) == {
        scribe.document_id: 4,
        other.document_id: 1,
    }
    assert [one.seq for one in quarantine_iter(document_id=scribe.document_id)] == [3]


def test_log_with_a_gap_blocks_only_its_document(written: Written) -> None:
    """It is never processed without the missing operation; other documents are processed."""
    scribe, other = written(3), written(2)
    operation_rows().delete_one({"document_id": scribe.document_id, "seq": 2})
    last = operation_rows().find_one({"document_id": scribe.document_id, "seq": 3})
    assert last is not None
    processor = Processor(NEVER)
    processor.process(
        [Operation.from_row(last), *operations_since(document_id=other.document_id, after=0)]
    )
    processor.flush_and_clear()
    assert processed_seqs([scribe.document_id, other.document_id]) == {other.document_id: 2}


def test_snapshot_that_another_worker_made_is_not_made_again(written: Written) -> None:
    """Kafka delivers later what the sweep has processed (docs/system-flow.md, §8)."""
    scribe = written(4)
    operations = operations_since(document_id=scribe.document_id, after=0)
    early, sweeping = Processor(NEVER), Processor(NEVER)
    early.process(operations[:2])
    sweeping.process(operations[-1:])
    sweeping.flush_and_clear()
    early.process(operations)
    early.flush_and_clear()
    assert seqs_of_versions(scribe.document_id) == [4]


def test_snapshot_is_made_when_the_policy_is_due(written: Written, store: Store) -> None:
    """By count; its authors are those since the previous version."""
    scribe = written(2)
    processor = Processor(SnapshotPolicy(operations=3, size_bytes=10**9, quiet_s=10**9))
    processor.process(operations_since(document_id=scribe.document_id, after=0))
    assert processor.snapshot_due() == 0
    scribe.author_id = "2"
    store([scribe.write("x")])
    processor.process(operations_since(document_id=scribe.document_id, after=2))
    assert processor.snapshot_due() == 1
    scribe.author_id = "3"
    store(scribe.write_many(3))
    processor.process(operations_since(document_id=scribe.document_id, after=3))
    assert processor.snapshot_due() == 1
    processor.clear()
    rows = version_rows().find({"document_id": scribe.document_id}).sort("number", 1)
    assert [(row["seq"], row["author_ids"], row["automatic"]) for row in rows] == [
        (3, ["1", "2"], True),
        (6, ["3"], True),
    ]


def test_quiet_document_gets_its_snapshot(written: Written) -> None:
    """Once, after the configured time without edits."""
    moment = 0.0
    scribe = written(1)
    processor = Processor(SnapshotPolicy(quiet_s=10), now=lambda: moment)
    processor.process(operations_since(document_id=scribe.document_id, after=0))
    assert processor.snapshot_due() == 0
    moment = 10.0
    assert processor.snapshot_due() == 1
    moment = 20.0
    assert processor.snapshot_due() == 0
    processor.clear()


def test_restarted_worker_makes_the_snapshot_that_a_killed_one_missed(
    written: Written, store: Store
) -> None:
    """It counts operations since the last version, not since its own start."""
    scribe = written(4)
    killed = Processor(NEVER)
    killed.process(operations_since(document_id=scribe.document_id, after=0))
    killed.clear()
    store([scribe.write("x")])
    processor = Processor(SnapshotPolicy(operations=5, size_bytes=10**9, quiet_s=10**9))
    processor.process(operations_since(document_id=scribe.document_id, after=4))
    assert processor.snapshot_due() == 1
    processor.clear()
    assert seqs_of_versions(scribe.document_id) == [5]


def test_memory_is_bounded_and_evicted_documents_are_saved(written: Written) -> None:
    """The least recently edited document is evicted, after its snapshot."""
    processor = Processor(NEVER, max_documents=2)
    scribes = [written(1) for _ in range(3)]
    for scribe in scribes:
        processor.process(operations_since(document_id=scribe.document_id, after=0))
    assert [seqs_of_versions(scribe.document_id) for scribe in scribes] == [[1], [], []]
    processor.clear()


def test_interleaved_operations_of_many_documents_reach_their_documents(written: Written) -> None:
    """In one batch."""
    first, second = written(3), written(2)
    one = operations_since(document_id=first.document_id, after=0)
    two = operations_since(document_id=second.document_id, after=0)
    processor = Processor(NEVER)
    processor.process([one[0], two[0], one[1], two[1], one[2]])
    processor.clear()
    names = [first.document_id, second.document_id, ids.new_id()]
    assert processed_seqs(names) == {names[0]: 3, names[1]: 2}


def test_snapshot_age_is_that_of_the_first_operation_without_one(
    written: Written, store: Store
) -> None:
    """Later operations do not lower it; a snapshot resets it."""
    now = [100.0]
    scribe = written(1)
    processor = Processor(SnapshotPolicy(quiet_s=60), now=lambda: now[0])
    processor.process(operations_since(document_id=scribe.document_id, after=0))
    now[0] += 40
    store(scribe.write_many(1))
    processor.process(operations_since(document_id=scribe.document_id, after=1))
    processor.snapshot_due()
    assert metrics.SNAPSHOT_AGE._value.get() == 40
    made = metrics.SNAPSHOTS._value.get()
    now[0] += 60
    processor.snapshot_due()
    assert metrics.SNAPSHOT_AGE._value.get() == 0
    assert metrics.SNAPSHOTS._value.get() == made + 1
    processor.clear()
