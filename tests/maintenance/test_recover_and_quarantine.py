"""The commands ``recover_document`` and ``quarantine``."""

import dataclasses

import pytest

from apps.core import clock, ids
from apps.core.errors import ConflictError
from apps.crdt.codec.vectors import decode_vector
from apps.history.events import DamagedVersion, version_damaged
from apps.history.models import version_rows
from apps.history.recovery import document_load
from apps.history.snapshot_cache import snapshot_forget
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation
from apps.oplog.quarantine import edit_quarantine, operation_quarantine
from apps.oplog.selectors import operations_since
from tests.collab.authors import text_of
from tests.maintenance.commands import run, run_in_words, stored
from tests.maintenance.integrity.test_verify_and_rebuild import flip_cached, flip_version
from tests.support.operations import Scribe
from tests.support.stored_logs import Store, Written, work_off


@pytest.fixture
def scribe(versioned: Scribe) -> Scribe:
    """Return a document with two versions and operations after them."""
    return versioned


@pytest.fixture
def torn(written: Written, store: Store) -> tuple[Scribe, Operation]:
    """Return a document whose third operation needs a missing one, and that operation."""
    scribe = written(2)
    scribe.write("lost")
    effect = dataclasses.replace(scribe.write("effect"), seq=3)
    store([effect])
    return scribe, effect


def test_recovery_is_explained_step_by_step(scribe: Scribe) -> None:
    """Snapshot, watermark, operations, vector and times, as JSON and as text."""
    facts = run("recover_document", scribe.document_id, "--explain").only
    client = str(scribe.doc.client_id)
    vector = decode_vector(scribe.doc.get_state())
    assert facts["last_processed_version"]["seq"] == 6
    assert facts["snapshot"] == {"source": "redis", "number": 2, "seq": 6}
    assert facts["operations"] == {"read": 2, "applied": 2, "set_aside": []}
    assert (facts["seq"], facts["version_vector"]) == (8, {client: vector[int(client)]})
    assert facts["ms"].keys() == {"last processed version", "snapshot", "open", "operations"}
    assert facts["passed_over"] == []
    words = run_in_words("recover_document", scribe.document_id, "--explain")
    for line in ("operation 6, from redis (version 2)", "operations read", "final version vector"):
        assert line in words


def test_recovery_names_the_snapshots_that_it_skipped(scribe: Scribe) -> None:
    """Two are damaged: it reports them, and uses the one before."""
    flip_cached(scribe.document_id)
    flip_version(scribe.document_id)
    facts = run("recover_document", scribe.document_id).only
    redis, version = facts["passed_over"]
    assert redis.startswith("redis: ")
    assert version.startswith("version 2: ")
    assert facts["snapshot"] == {"source": "mongodb", "number": 1, "seq": 3}
    assert facts["seq"] == 8


def test_dry_run_of_a_recovery_changes_nothing(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the cache nor the quarantine; and no repair is requested."""
    asked: list[DamagedVersion] = []
    monkeypatch.setattr(version_damaged, "_subscribers", [asked.append])
    flip_cached(scribe.document_id)
    flip_version(scribe.document_id)
    before = stored(scribe.document_id)
    assert run("recover_document", scribe.document_id, "--dry-run").only["seq"] == 8
    assert (stored(scribe.document_id), asked) == (before, [])
    assert run("recover_document", scribe.document_id).only["seq"] == 8
    assert asked == [DamagedVersion(scribe.document_id, 2)]


def test_recovery_of_a_log_with_a_gap_names_it(scribe: Scribe) -> None:
    """A gap before the snapshot does not matter; after it, the recovery fails."""
    operation_rows().delete_one({"document_id": scribe.document_id, "seq": 7})
    done = run("recover_document", scribe.document_id)
    assert (done.code, done.only["error"]["code"]) == (2, "log_gap")
    assert done.only["error"]["extra"]["seq"] == 7


def test_quarantined_operation_needs_an_operator(torn: tuple[Scribe, Operation]) -> None:
    """The exit code is 1 until it is discarded."""
    scribe, effect = torn
    dry = run("recover_document", scribe.document_id, "--dry-run")
    assert dry.code == 1
    assert run("quarantine", "list", "--document", scribe.document_id).printed == [{"count": 0}]
    done = run("recover_document", scribe.document_id)
    assert done.code == 1
    assert done.only["operations"]["set_aside"][0]["seq"] == 3
    kept, count = run("quarantine", "list", "--document", scribe.document_id).printed
    assert (kept["seq"], kept["reason"], count) == (3, "replay", {"count": 1})
    shown = run("quarantine", "show", kept["id"]).only
    assert shown["unique_id"] == effect.unique_id
    assert shown["text"] == "effect"
    before = stored(scribe.document_id)
    refused = run("quarantine", "release", kept["id"])
    assert (refused.code, refused.only["error"]["code"]) == (2, "still_unfit")
    assert run("quarantine", "discard", kept["id"], "--dry-run").code == 0
    assert stored(scribe.document_id) == before
    assert run("quarantine", "discard", kept["id"]).code == 0
    assert run("quarantine", "list", "--document", scribe.document_id).printed == [{"count": 0}]
    assert len(run("quarantine", "list", "--document", scribe.document_id, "--all").printed) == 2
    assert run("recover_document", scribe.document_id).code == 0
    assert run("verify_documents", scribe.document_id).code == 0


def test_operation_that_can_be_applied_now_is_released(written: Written, store: Store) -> None:
    """Everything that was derived without it is rebuilt."""
    scribe = written(2)
    cause = scribe.write("cause ")
    effect = dataclasses.replace(scribe.write("effect"), seq=3)
    store([effect])
    work_off(scribe.document_id)
    [kept, _] = run("quarantine", "list", "--document", scribe.document_id).printed
    # What it needed was lost, and comes back out of a backup.
    where = {"document_id": scribe.document_id, "seq": 3}
    operation_rows().update_one(where, {"$set": {"seq": 4}})
    operation_rows().insert_one(cause.to_row())
    assert run("quarantine", "release", kept["id"]).code == 2
    run("rebuild_document", scribe.document_id)
    operation_quarantine(dataclasses.replace(effect, seq=4), ConflictError("An older engine."))
    late = f"{scribe.document_id}:4"
    before = stored(scribe.document_id)
    assert run("quarantine", "release", late, "--dry-run").only["seq"] == 4
    assert stored(scribe.document_id) == before
    assert run("quarantine", "release", late).only["seq"] == 4
    assert "cause effect" in text_of(document_load(document_id=scribe.document_id).engine)
    assert run("verify_documents", scribe.document_id).code == 0
    assert run("quarantine", "show", late).code == 2


@pytest.mark.django_db
def test_edit_that_is_not_in_the_log_is_released_in_its_authors_name(scribe: Scribe) -> None:
    """As any other edit."""
    late = Scribe(scribe.document_id, author_id="7")
    late.doc.apply_update(scribe.doc.get_update())
    edit = dataclasses.replace(late.write("late"), seq=0)
    edit_quarantine(edit, ConflictError("The engine of that day."))
    [kept, _] = run("quarantine", "list", "--document", scribe.document_id).printed
    assert run("quarantine", "release", kept["id"], "--dry-run").only["seq"] == 9
    assert run("quarantine", "release", kept["id"]).only["seq"] == 9
    [operation] = operations_since(document_id=scribe.document_id, after=8)
    assert (operation.unique_id, operation.author_id) == (edit.unique_id, "7")
    assert run("quarantine", "list", "--document", scribe.document_id).printed == [{"count": 0}]


@pytest.mark.django_db
def test_edit_with_the_client_id_of_another_person_stays_in_quarantine(scribe: Scribe) -> None:
    """It is refused as from any client, and the dry run says so."""
    edit = dataclasses.replace(scribe.write("evil"), seq=0, author_id="7")
    edit_quarantine(edit, ConflictError("The engine of that day."))
    [kept, _] = run("quarantine", "list", "--document", scribe.document_id).printed
    for words in (["--dry-run"], []):
        assert run("quarantine", "release", kept["id"], *words).code != 0


@pytest.mark.django_db
def test_edit_that_is_no_update_stays_in_quarantine(scribe: Scribe) -> None:
    """It is refused as from any client."""
    at = clock.now()
    edit = Operation(scribe.document_id, 0, "bad", "7", at, b"\x00", b"\xff\xff")
    edit_quarantine(edit, ConflictError("Broken."))
    [kept, _] = run("quarantine", "list", "--document", scribe.document_id).printed
    assert run("quarantine", "show", kept["id"]).only["text"] == ""
    for words in (["--dry-run"], []):
        done = run("quarantine", "release", kept["id"], *words)
        assert (done.code, done.only["error"]["code"]) == (2, "still_unfit")
    assert run("quarantine", "show", kept["id"]).code == 0


@pytest.mark.parametrize("action", ["show", "release", "discard"])
def test_unknown_quarantine_id_is_an_error(action: str) -> None:
    """With a message, without a traceback."""
    missing = ids.new_id()
    done = run("quarantine", action, missing)
    assert (done.code, done.only["error"]["code"]) == (2, "not_in_quarantine")
    assert missing in done.error


def test_empty_quarantine_is_reported() -> None:
    """As text."""
    assert run_in_words("quarantine", "list", "--document", ids.new_id()) == "Nothing.\n"


def test_explained_mongodb_snapshot_has_its_number(scribe: Scribe) -> None:
    """Without Redis, MongoDB's latest version is used and cached."""
    snapshot_forget(document_id=scribe.document_id)
    version_rows().delete_one({"document_id": scribe.document_id, "number": 2})
    facts = run("recover_document", scribe.document_id).only
    assert facts["snapshot"] == {"source": "mongodb", "number": 1, "seq": 3}
    again = run("recover_document", scribe.document_id).only
    assert again["snapshot"] == {"source": "redis", "number": 1, "seq": 3}
