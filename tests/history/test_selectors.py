"""Loading a document: from Redis, from MongoDB, from the log alone; and from damaged ones."""

import pytest

from apps.core import ids
from apps.crdt.vectors import encode_vector
from apps.history.cache import snapshot_find, snapshot_forget, snapshot_put
from apps.history.models import version_rows
from apps.history.selectors import ReplayError, document_load, latest_seq, snapshot_latest
from apps.history.services import version_create
from apps.history.snapshot import EMPTY, Snapshot
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation
from apps.oplog.selectors import LogGapError
from tests.support.operations import Scribe


def store(operations: list[Operation]) -> None:
    """Write operations into the log, whatever they are."""
    operation_rows().insert_many([operation.to_row() for operation in operations])


@pytest.fixture
def scribe() -> Scribe:
    """Return a document with five operations in its log."""
    scribe = Scribe()
    store(scribe.write_many(5))
    return scribe


def snapshot_at(scribe: Scribe, seq: int) -> Snapshot:
    """Return the document's snapshot as it was after an operation."""
    replayed = document_load(document_id=scribe.document_id)
    assert replayed.seq == seq
    return replayed.snapshot()


def assert_is_whole(scribe: Scribe) -> None:
    """Load it: it has the state and the vector of the writer's own document."""
    loaded = document_load(document_id=scribe.document_id)
    assert loaded.seq == scribe.seq
    assert encode_vector(loaded.vector) == scribe.doc.get_state()
    assert loaded.engine.encode() == scribe.doc.get_update()


def test_document_without_anything_is_empty() -> None:
    """No operation, no version."""
    loaded = document_load(document_id=ids.new_id())
    assert (loaded.seq, loaded.vector) == (0, {})
    assert loaded.engine.encode() == EMPTY.state


def test_document_is_replayed_from_the_log_alone(scribe: Scribe) -> None:
    """The log is the truth: nothing else is needed."""
    assert_is_whole(scribe)
    loaded = document_load(document_id=scribe.document_id)
    assert list(loaded.recent.values()) == [1, 2, 3, 4, 5]


def test_document_is_version_and_tail(scribe: Scribe) -> None:
    """The version is cached on the way, and only the tail is read from the log."""
    version_create(document_id=scribe.document_id, snapshot=snapshot_at(scribe, 5))
    snapshot_forget(document_id=scribe.document_id)
    store(scribe.write_many(2))
    loaded = document_load(document_id=scribe.document_id)
    assert list(loaded.recent.values()) == [6, 7]
    assert_is_whole(scribe)
    cached = snapshot_find(document_id=scribe.document_id)
    assert cached is not None
    assert cached.seq == 5


def test_document_is_cache_and_tail(scribe: Scribe) -> None:
    """No version is needed where Redis has the snapshot."""
    snapshot_put(document_id=scribe.document_id, snapshot=snapshot_at(scribe, 5))
    store(scribe.write_many(1))
    loaded = document_load(document_id=scribe.document_id)
    assert list(loaded.recent.values()) == [6]
    assert_is_whole(scribe)


def test_damaged_version_is_passed_over(scribe: Scribe, caplog: pytest.LogCaptureFixture) -> None:
    """The one before it and a longer tail give the same document."""
    version_create(document_id=scribe.document_id, snapshot=snapshot_at(scribe, 5))
    store(scribe.write_many(2))
    number = version_create(document_id=scribe.document_id, snapshot=snapshot_at(scribe, 7))
    row = version_rows().find_one({"document_id": scribe.document_id, "number": number})
    assert row is not None
    packed = bytearray(row["snapshot"])
    packed[50] ^= 1
    version_rows().update_one({"_id": row["_id"]}, {"$set": {"snapshot": bytes(packed)}})
    snapshot_forget(document_id=scribe.document_id)
    assert snapshot_latest(document_id=scribe.document_id).seq == 5
    assert "passed over" in caplog.text
    assert_is_whole(scribe)


def test_gap_in_the_log_is_an_error(scribe: Scribe) -> None:
    """Damaged from outside: reading on would invent a document."""
    operation_rows().delete_one({"document_id": scribe.document_id, "seq": 3})
    with pytest.raises(LogGapError, match="lacks operation 3"):
        document_load(document_id=scribe.document_id)


def test_operation_that_does_not_fit_is_an_error(scribe: Scribe) -> None:
    """An effect whose cause is not before it."""
    scribe.write("lost")
    store([scribe.write("effect")])
    operation_rows().update_one({"document_id": scribe.document_id, "seq": 7}, {"$set": {"seq": 6}})
    with pytest.raises(ReplayError, match="Operation 6"):
        document_load(document_id=scribe.document_id)


def test_latest_seq_is_that_of_the_latest_version(scribe: Scribe) -> None:
    """Minus one where there is none."""
    assert latest_seq(document_id=scribe.document_id) == -1
    version_create(document_id=scribe.document_id, snapshot=EMPTY)
    assert latest_seq(document_id=scribe.document_id) == 0
    version_create(document_id=scribe.document_id, snapshot=snapshot_at(scribe, 5))
    assert latest_seq(document_id=scribe.document_id) == 5
