"""Documents whose load breaks or delays a process: tried in a child process, and quarantined."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from apps.core import clock, ids
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import encode_vector
from apps.crdt.engine.base import get_engine
from apps.crdt.engine.pycrdt import PycrdtDocument
from apps.history import load_trial, rebuild
from apps.history.recovery import document_load, document_read_at, snapshot_of
from apps.history.rehearsals import load_rehearse
from apps.history.services import version_create
from apps.history.snapshot import Snapshot
from apps.history.snapshot_cache import snapshot_forget
from apps.history.states import present_state
from apps.oplog.document_quarantine import (
    DocumentQuarantinedError,
    document_quarantine,
    document_quarantine_end,
    document_suspect,
    load_precautions,
    quarantined_documents,
)
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation
from tests.core import hostile_tasks
from tests.crdt.engine.placing import encoded
from tests.crdt.engine.test_merge_cost import claims_by_one, text
from tests.support.operations import Scribe

#: Items that take the engine 10 s.
MANY = 12_000
#: Items that take it 0.2 s, which a trial allows.
SLOW = 1_500
ATTACK = encoded(text(MANY) + claims_by_one(MANY))
#: Far less than a load of the attack takes.
SOON_S = 3.0


def operation(document_id: str, seq: int, update: bytes) -> Operation:
    """Return an operation as a server before this answer would have logged it."""
    return Operation(
        document_id=document_id,
        seq=seq,
        unique_id=ids.new_id(),
        author_id="1",
        received_at=clock.now(),
        version_vector=encode_vector(read_update(update).end_vector()),
        update=update,
    )


def poisoned_log() -> str:
    """Return a document whose log has the attack in one operation."""
    document_id = ids.new_id()
    operation_rows().insert_one(operation(document_id, 1, ATTACK).to_row())
    return document_id


def poisoned_snapshot() -> str:
    """Return a document whose snapshot has the attack."""
    document_id = poisoned_log()
    vector = encode_vector(read_update(ATTACK).end_vector())
    version_create(document_id=document_id, snapshot=Snapshot(1, vector, ATTACK))
    return document_id


def poisoned_by_small_operations() -> str:
    """Return a document whose log has the attack in many small operations."""
    document_id = ids.new_id()
    items = text(MANY) + claims_by_one(MANY)
    updates = [encoded(items[first : first + 50]) for first in range(0, len(items), 50)]
    vector: dict[int, int] = {}
    rows = []
    for seq, update in enumerate(updates, start=1):
        vector |= read_update(update).end_vector()
        logged = operation(document_id, seq, update)
        rows.append(replace(logged, version_vector=encode_vector(vector)).to_row())
    operation_rows().insert_many(rows)
    return document_id


@pytest.mark.parametrize(
    "poisoned", [poisoned_log, poisoned_snapshot, poisoned_by_small_operations]
)
def test_document_whose_load_is_too_slow_is_quarantined_by_time(poisoned: object) -> None:
    """The process that loads it is held for no longer than a child may take (finding C2)."""
    assert callable(poisoned)
    document_id = poisoned()
    began = time.process_time()
    with pytest.raises(DocumentQuarantinedError) as closed:
        document_load(document_id=document_id)
    assert closed.value.extra == {"document_id": document_id, "reason": "too_slow"}
    [listed] = quarantined_documents(document_id=document_id)
    assert (listed.reason, listed.deaths) == ("too_slow", 0)
    for read in (document_load, present_state):
        with pytest.raises(DocumentQuarantinedError):
            read(document_id=document_id)
    with pytest.raises(DocumentQuarantinedError):
        document_read_at(document_id=document_id, seq=1)
    assert time.process_time() - began < SOON_S


def with_large_snapshot() -> str:
    """Return a document with a long operation and a snapshot of it."""
    scribe = Scribe()
    operation_rows().insert_one(scribe.write("x" * 100_000).to_row())
    loaded = document_load(document_id=scribe.document_id)
    snapshot = snapshot_of(loaded, document_id=scribe.document_id)
    version_create(document_id=scribe.document_id, snapshot=snapshot)
    return scribe.document_id


def test_other_documents_are_loaded_without_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small one, a long log that people typed, and a large paste."""

    def never(*_args: object) -> None:
        raise AssertionError("tried in a child process")

    monkeypatch.setattr(load_trial, "load_rehearse", never)
    scribe = Scribe()
    operation_rows().insert_many([one.to_row() for one in scribe.write_many(500)])
    operation_rows().insert_one(scribe.write("x" * 100_000).to_row())
    assert document_load(document_id=scribe.document_id).seq == 501


def test_large_state_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process has tried is not tried again."""
    tried: list[int] = []

    def count(state: bytes, updates: Sequence[bytes]) -> float:
        tried.append(len(state))
        return load_rehearse(state, updates)

    monkeypatch.setattr(load_trial, "load_rehearse", count)
    document_id = with_large_snapshot()
    for _ in range(3):
        assert document_load(document_id=document_id).seq == 1
    load_trial._tried.clear()  # as in another process
    snapshot_forget(document_id=document_id)
    document_load(document_id=document_id)
    assert len(tried) == 1


@pytest.mark.parametrize("is_other_process", [False, True])
def test_state_that_is_slow_to_load_is_loaded_in_slices(
    monkeypatch: pytest.MonkeyPatch, *, is_other_process: bool
) -> None:
    """No call of the engine holds the process for long; the time is known to other processes."""
    monkeypatch.setattr(rebuild, "SLICED_LOAD_MS", 1)  # on a machine of any speed
    monkeypatch.setattr(rebuild, "SLICE_MS", 1)
    slow = encoded(text(SLOW) + claims_by_one(SLOW))
    document_id = ids.new_id()
    operation_rows().insert_one(operation(document_id, 1, slow).to_row())
    vector = encode_vector(read_update(slow).end_vector())
    version_create(document_id=document_id, snapshot=Snapshot(1, vector, slow))
    if is_other_process:
        document_load(document_id=document_id)
        load_trial._tried.clear()
    calls: list[float] = []
    apply = PycrdtDocument.apply

    def timed(document: PycrdtDocument, update: bytes, **options: Any) -> bool:
        began_s = time.thread_time()
        changed = apply(document, update, **options)
        calls.append(time.thread_time() - began_s)
        return changed

    monkeypatch.setattr(PycrdtDocument, "apply", timed)
    loaded = document_load(document_id=document_id)
    assert len(calls) >= 4
    assert max(calls) < 0.6 * sum(calls)
    monkeypatch.undo()
    whole = get_engine("pycrdt").new_document()
    whole.apply(slow)
    assert loaded.engine.reading() == whole.reading()
    assert loaded.has_everything()


def test_operation_is_read_once_at_a_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long one is surveyed first; its merge uses the same header."""
    scribe = Scribe()
    operation_rows().insert_one(scribe.write("x" * 100_000).to_row())

    def never(_update: bytes) -> None:
        raise AssertionError("read twice")

    monkeypatch.setattr("apps.history.loaded_document.read_update", never)
    assert document_load(document_id=scribe.document_id).seq == 1


def test_load_is_tried_where_redis_is_away(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Nothing is known of what other processes have tried; the document opens."""
    document_id = with_large_snapshot()
    document_load(document_id=document_id)
    load_trial._tried.clear()  # as in another process
    tried: list[int] = []

    def count(state: bytes, _updates: Sequence[bytes]) -> float:
        tried.append(len(state))
        return 0.0

    monkeypatch.setattr(load_trial, "load_rehearse", count)
    options = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {**settings.CACHES, "default": options}
    assert document_load(document_id=document_id).seq == 1
    assert len(tried) == 1


def test_suspect_that_ends_its_process_is_quarantined_by_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The child dies of the load, and this process does not."""
    scribe = Scribe()
    operation_rows().insert_one(scribe.write("x").to_row())
    assert document_suspect(document_id=scribe.document_id) == 1
    monkeypatch.setattr("apps.history.rehearsals.rehearse_load", hostile_tasks.die_of_any)
    with pytest.raises(DocumentQuarantinedError) as closed:
        document_load(document_id=scribe.document_id)
    assert closed.value.extra["reason"] == "crash"


def test_suspect_that_loads_is_loaded() -> None:
    """All of it is tried in a child process, whatever its size."""
    scribe = Scribe()
    operation_rows().insert_many([one.to_row() for one in scribe.write_many(3)])
    assert document_suspect(document_id=scribe.document_id) == 1
    assert load_precautions(document_id=scribe.document_id).is_suspect
    assert document_load(document_id=scribe.document_id).seq == 3


def test_quarantine_ends_by_an_operator() -> None:
    """Then the document is loaded as any other."""
    scribe = Scribe()
    operation_rows().insert_one(scribe.write("x").to_row())
    document_quarantine(document_id=scribe.document_id, reason="too_slow")
    with pytest.raises(DocumentQuarantinedError):
        document_load(document_id=scribe.document_id)
    document_quarantine_end(document_id=scribe.document_id)
    assert document_load(document_id=scribe.document_id).seq == 1
