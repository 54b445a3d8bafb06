"""Recovery of a document from Redis, MongoDB or the log alone, and from damaged snapshots."""

import base64
import dataclasses

import pytest

from apps.core import clock, ids
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import encode_vector
from apps.history.last_processed import Processed, processed_advance
from apps.history.models import version_rows
from apps.history.recovery import document_load, document_recover, snapshot_of
from apps.history.services import version_create
from apps.history.snapshot import EMPTY, Snapshot
from apps.history.snapshot_cache import snapshot_forget, snapshot_put
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation
from apps.oplog.quarantine import quarantine_iter
from apps.oplog.selectors import LogGapError
from tests.collab.authors import text_of
from tests.crdt.samples import item, letters, written
from tests.support.operations import Scribe
from tests.support.snapshots import cached_snapshot

#: By Yjs: "a😀b", the first half of the emoji deleted, "!" and "?" appended; and the vectors.
SPLIT_PAIR = (
    ("AQEBAAQBBHRleHQGYfCfmIBiAA==", b"\x01\x01\x04"),
    ("AAEBAQEB", b"\x01\x01\x04"),
    ("AQEBBIQBAwEhAA==", b"\x01\x01\x05"),
    ("AQEBBYQBBAE/AA==", b"\x01\x01\x06"),
)


def store(operations: list[Operation]) -> None:
    """Insert operations into the log, without any check."""
    operation_rows().insert_many([operation.to_row() for operation in operations])


@pytest.fixture
def scribe() -> Scribe:
    """Return a document with five operations in its log."""
    scribe = Scribe()
    store(scribe.write_many(5))
    return scribe


def snapshot_at(scribe: Scribe, seq: int) -> Snapshot:
    """Return the document's snapshot after an operation."""
    replayed = document_load(document_id=scribe.document_id)
    assert replayed.seq == seq
    return snapshot_of(replayed, document_id=scribe.document_id)


def assert_is_whole(scribe: Scribe) -> None:
    """Load the document; check its state and vector against the writer's own document."""
    loaded = document_load(document_id=scribe.document_id)
    assert loaded.seq == scribe.seq
    assert encode_vector(loaded.vector) == scribe.doc.get_state()
    assert loaded.engine.encode() == scribe.doc.get_update()


def test_document_without_anything_is_empty() -> None:
    """Without operations and versions."""
    loaded = document_load(document_id=ids.new_id())
    assert (loaded.seq, loaded.vector) == (0, {})
    assert loaded.engine.encode() == EMPTY.state


def test_document_is_replayed_from_the_log_alone(scribe: Scribe) -> None:
    """The log is the truth: the state needs nothing else."""
    assert_is_whole(scribe)
    loaded = document_load(document_id=scribe.document_id)
    assert list(loaded.recent.values()) == [1, 2, 3, 4, 5]


def test_document_is_version_and_tail(scribe: Scribe) -> None:
    """The version is cached, and only the tail is read from the log."""
    version_create(document_id=scribe.document_id, snapshot=snapshot_at(scribe, 5))
    snapshot_forget(document_id=scribe.document_id)
    store(scribe.write_many(2))
    loaded = document_load(document_id=scribe.document_id)
    assert list(loaded.recent.values()) == [6, 7]
    assert_is_whole(scribe)
    cached = cached_snapshot(scribe.document_id)
    assert cached is not None
    assert cached.seq == 5


def test_document_is_cache_and_tail(scribe: Scribe) -> None:
    """No version is read if Redis has the snapshot."""
    snapshot_put(document_id=scribe.document_id, snapshot=snapshot_at(scribe, 5))
    store(scribe.write_many(1))
    loaded = document_load(document_id=scribe.document_id)
    assert list(loaded.recent.values()) == [6]
    assert_is_whole(scribe)


def test_damaged_version_is_skipped(scribe: Scribe, caplog: pytest.LogCaptureFixture) -> None:
    """The version before it and a longer tail give the same document."""
    version_create(document_id=scribe.document_id, snapshot=snapshot_at(scribe, 5))
    store(scribe.write_many(2))
    number = version_create(document_id=scribe.document_id, snapshot=snapshot_at(scribe, 7))
    row = version_rows().find_one({"document_id": scribe.document_id, "number": number})
    assert row is not None
    blob = bytearray(row["snapshot"])
    blob[50] ^= 1
    version_rows().update_one({"_id": row["_id"]}, {"$set": {"snapshot": bytes(blob)}})
    snapshot_forget(document_id=scribe.document_id)
    assert_is_whole(scribe)
    assert "passed over" in caplog.text
    cached = cached_snapshot(scribe.document_id)
    assert cached is not None
    assert cached.seq == 5


def test_gap_in_the_log_is_an_error(scribe: Scribe) -> None:
    """The log was damaged from outside: to continue would invent a document."""
    operation_rows().delete_one({"document_id": scribe.document_id, "seq": 3})
    with pytest.raises(LogGapError, match="lacks operation 3"):
        document_load(document_id=scribe.document_id)


def test_operation_that_does_not_fit_is_quarantined(scribe: Scribe) -> None:
    """An operation whose cause is missing from the log blocks nothing: later ones are applied."""
    scribe.write("lost")
    effect = dataclasses.replace(scribe.write("effect"), seq=6)
    store([effect])
    other = Scribe(scribe.document_id)
    other.seq = 6
    store([other.write("somebody else's")])
    recovery = document_recover(document_id=scribe.document_id)
    assert (recovery.document.seq, recovery.read) == (7, 7)
    assert list(recovery.quarantined) == [6]
    assert "somebody else's" in text_of(recovery.document.engine)
    [kept] = quarantine_iter(document_id=scribe.document_id)
    assert (kept.seq, kept.reason, kept.update) == (6, "replay", effect.update)
    document_load(document_id=scribe.document_id)
    assert len(list(quarantine_iter(document_id=scribe.document_id))) == 1


def test_operation_that_breaks_the_engine_is_quarantined(scribe: Scribe) -> None:
    """The document is rebuilt without it, with every operation that does not depend on it."""
    inside_a_letter = written([(1, 0, [letters("x", parent=(scribe.doc.client_id, 1))])])
    breaking = dataclasses.replace(scribe.write("x"), update=inside_a_letter)
    other = Scribe(scribe.document_id)
    other.seq = 6
    store([breaking, other.write("after")])
    recovery = document_recover(document_id=scribe.document_id)
    assert list(recovery.quarantined) == [6]
    assert recovery.document.seq == 7
    assert "after" in text_of(recovery.document.engine)
    [kept] = quarantine_iter(document_id=scribe.document_id)
    assert kept.reason == "engine_broken"


def test_logged_operation_that_would_crash_the_engine_is_quarantined(scribe: Scribe) -> None:
    """An earlier release logged it; the reader refuses it now, so no load reaches the engine."""
    text = letters("xy", parent=(2, 0), key="a")
    behind_its_middle = item(8, b"\x01\x7e", left=(9, 0))
    parent = item(7, b"\x06", parent="m", key="k")
    killing = written(
        [(9, 0, [text]), (3, 0, [behind_its_middle]), (2, 0, [parent])], [(2, [(0, 1)])]
    )
    lethal = dataclasses.replace(scribe.write("x"), update=killing)
    other = Scribe(scribe.document_id)
    other.seq = 6
    store([lethal, other.write("after")])
    recovery = document_recover(document_id=scribe.document_id)
    assert list(recovery.quarantined) == [6]
    assert "after" in text_of(recovery.document.engine)
    [kept] = quarantine_iter(document_id=scribe.document_id)
    assert kept.reason == "malformed"


def test_snapshot_ahead_of_the_log_is_skipped(scribe: Scribe) -> None:
    """MongoDB was restored from an older backup and Redis was not: the log decides."""
    snapshot_put(document_id=scribe.document_id, snapshot=snapshot_at(scribe, 5))
    operation_rows().delete_many({"document_id": scribe.document_id, "seq": {"$gt": 3}})
    loaded = document_load(document_id=scribe.document_id)
    assert loaded.seq == 3
    assert cached_snapshot(scribe.document_id) is None


def test_snapshot_of_another_document_is_skipped(scribe: Scribe) -> None:
    """It is intact, but not of this log."""
    other = Scribe()
    store(other.write_many(5))
    snapshot_put(document_id=scribe.document_id, snapshot=snapshot_at(other, 5))
    assert_is_whole(scribe)


def test_log_shorter_than_the_last_processed_version_is_logged(
    scribe: Scribe, caplog: pytest.LogCaptureFixture
) -> None:
    """The log is the truth, and the loss is reported."""
    last_processed = Processed(scribe.document_id, 9, "x", scribe.doc.get_state(), clock.now())
    processed_advance([last_processed], at=clock.now())
    recovery = document_recover(document_id=scribe.document_id)
    assert recovery.document.seq == 5
    assert not recovery.is_whole
    assert "older backup" in caplog.text


def test_edit_inside_a_surrogate_pair_loses_nothing(scribe: Scribe) -> None:
    """Yjs splits an emoji and the engine miscounts it: the snapshot equals the log."""
    document_id = ids.new_id()
    at = clock.now()
    store(
        [
            Operation(document_id, seq, f"id-{seq}", "1", at, vector, base64.b64decode(update))
            for seq, (update, vector) in enumerate(SPLIT_PAIR, start=1)
        ]
    )
    loaded = document_load(document_id=document_id)
    assert not loaded.has_everything()
    snapshot = snapshot_of(loaded, document_id=document_id)
    assert read_update(snapshot.state).end_vector() == loaded.vector == {1: 6}
    version_create(document_id=document_id, snapshot=snapshot)
    again = document_load(document_id=document_id)
    assert (again.seq, again.vector, again.recent) == (4, {1: 6}, {})
