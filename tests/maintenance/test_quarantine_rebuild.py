"""``manage.py quarantine rebuild``: a document whose load fails is opened again by an operator."""

import time

import pytest

from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import encode_vector, merge_into
from apps.history.models import version_rows
from apps.history.recovery import document_load, snapshot_of
from apps.history.services import version_create
from apps.history.snapshot import Snapshot
from apps.oplog.document_quarantine import (
    DocumentQuarantinedError,
    document_quarantine,
    document_quarantine_end,
    quarantined_documents,
)
from apps.oplog.models import operation_rows
from tests.collab.authors import text_of
from tests.crdt.engine.placing import encoded
from tests.crdt.engine.test_merge_cost import claims_by_one, text
from tests.history.test_load_trial import ATTACK, MANY, operation
from tests.maintenance.commands import run, run_in_words, stored
from tests.support.operations import Scribe


@pytest.fixture
def poisoned() -> Scribe:
    """Return a document with an attack as its operation 4, between edits of people."""
    scribe = Scribe()
    logged = scribe.write_many(3)
    attack = operation(scribe.document_id, 4, ATTACK)
    scribe.seq = 4
    logged += [attack, *scribe.write_many(3)]
    vector: dict[int, int] = {}
    rows = []
    for one in logged:
        merge_into(vector, read_update(one.update).end_vector())
        rows.append({**one.to_row(), "version_vector": encode_vector(vector)})
    operation_rows().insert_many(rows)
    merged = Snapshot(4, encode_vector(read_update(ATTACK).end_vector()), ATTACK)
    version_create(document_id=scribe.document_id, snapshot=merged)
    with pytest.raises(DocumentQuarantinedError):
        document_load(document_id=scribe.document_id)
    return scribe


def test_quarantined_document_is_listed(poisoned: Scribe) -> None:
    """With the reason, beside the operations."""
    facts = run("quarantine", "list", "--document", poisoned.document_id).printed[0]
    assert (facts["id"], facts["reason"]) == (poisoned.document_id, "too_slow")
    assert "takes too long" in run_in_words("quarantine", "list")


def test_rebuild_leaves_out_what_makes_the_load_fail(poisoned: Scribe) -> None:
    """The edits of people are there, the attack is in quarantine, and nothing is deleted."""
    before = stored(poisoned.document_id)
    dry = run("quarantine", "rebuild", poisoned.document_id, "--dry-run").only
    assert dry["skipped"] == [4]
    assert stored(poisoned.document_id) == before
    rebuilt = run("quarantine", "rebuild", poisoned.document_id).only
    assert (rebuilt["skipped"], len(rebuilt["versions"])) == ([4], 1)
    loaded = document_load(document_id=poisoned.document_id)
    assert loaded.seq == 7
    assert text_of(loaded.engine) == str(poisoned.content)
    assert operation_rows().count_documents({"document_id": poisoned.document_id}) == 7
    [listed, count] = run("quarantine", "list", "--document", poisoned.document_id).printed
    assert (listed["seq"], listed["reason"], count["count"]) == (4, "load_failed", 1)


def test_rebuilt_document_goes_on_as_any_other(poisoned: Scribe) -> None:
    """Its snapshots have what its loads have, and the integrity check finds nothing."""
    run("quarantine", "rebuild", poisoned.document_id)
    loaded = document_load(document_id=poisoned.document_id)
    snapshot = snapshot_of(loaded, document_id=poisoned.document_id)
    version_create(document_id=poisoned.document_id, snapshot=snapshot)
    assert document_load(document_id=poisoned.document_id).seq == 7
    found = run("verify_documents", poisoned.document_id).printed[0]
    assert [fault["code"] for fault in found["faults"]] == ["no_entity"]  # of this test
    assert version_rows().count_documents({"document_id": poisoned.document_id}) == 2


def test_attack_in_many_operations_of_one_author_is_found() -> None:
    """From the second that is found on, all later ones of that author are left out."""
    scribe = Scribe()
    items = text(MANY) + claims_by_one(MANY)
    updates = [encoded(items[first : first + 2_000]) for first in range(0, len(items), 2_000)]
    vector: dict[int, int] = {}
    rows = []
    for seq, update in enumerate(updates, start=1):
        merge_into(vector, read_update(update).end_vector())
        logged = operation(scribe.document_id, seq, update)
        rows.append({**logged.to_row(), "version_vector": encode_vector(vector)})
    operation_rows().insert_many(rows)
    document_quarantine(document_id=scribe.document_id, reason="too_slow")
    skipped = run("quarantine", "rebuild", scribe.document_id).only["skipped"]
    assert skipped
    assert skipped[-1] == len(updates)
    assert document_load(document_id=scribe.document_id).seq == len(updates)


def test_document_that_loads_is_opened_without_a_loss(poisoned: Scribe) -> None:
    """An operator may rebuild one that was quarantined for another reason."""
    scribe = Scribe()
    operation_rows().insert_many([one.to_row() for one in scribe.write_many(3)])
    document_quarantine(document_id=scribe.document_id, reason="crash")
    assert run("quarantine", "rebuild", scribe.document_id).only["skipped"] == []
    assert document_load(document_id=scribe.document_id).seq == 3
    again = run("quarantine", "rebuild", scribe.document_id)
    assert again.code == 2
    assert "not in quarantine" in again.error


def test_integrity_check_of_such_a_log_ends_soon(poisoned: Scribe) -> None:
    """Neither the command nor the retention of a worker is held; the document is reported."""
    document_quarantine_end(document_id=poisoned.document_id)
    began = time.process_time()
    checked = run("verify_documents", poisoned.document_id)
    assert [fault["code"] for fault in checked.printed[0]["faults"]] == ["document_quarantined"]
    assert time.process_time() - began < 3.0
    assert [one.reason for one in quarantined_documents(document_id=poisoned.document_id)] == [
        "too_slow"
    ]


def test_version_that_makes_a_load_slow_is_reported_as_wrong(poisoned: Scribe) -> None:
    """It is compared in a child process first, and the log is good."""
    run("quarantine", "rebuild", poisoned.document_id)
    version = Snapshot(
        7, encode_vector(document_load(document_id=poisoned.document_id).vector), ATTACK
    )
    version_create(document_id=poisoned.document_id, snapshot=version)
    began = time.process_time()
    faults = run("verify_documents", poisoned.document_id).printed[0]["faults"]
    assert {fault["code"] for fault in faults} >= {"version_wrong"}
    assert time.process_time() - began < 3.0
