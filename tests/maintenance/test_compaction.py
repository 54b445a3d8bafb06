"""Compaction keeps content, authorship and unique ids."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.activity.session_tracker import writing_advance
from apps.history.last_processed import processed_rows
from apps.history.models import version_rows
from apps.history.recovery import document_recover, log_state
from apps.history.selectors import version_infos
from apps.history.snapshot import EMPTY
from apps.history.snapshot_cache import snapshot_forget
from apps.history.states import version_state
from apps.maintenance.integrity.repair import version_repair_from_log
from apps.oplog.compaction_point import CompactedError, log_first_seq
from apps.oplog.selectors import logs_begun, operations_iter, writes_since
from apps.pipeline.processor import Processor
from apps.pipeline.snapshot_policy import SnapshotPolicy
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import make_user
from tests.maintenance.commands import run
from tests.maintenance.compacting import FRESH, compact, live, look, path
from tests.support.old_logs import OldLog

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("dropped_at_once")]


# --- nothing changes ---


edits = st.tuples(
    st.integers(0, 2),
    st.integers(0, 30),
    st.text("ab😀 ", min_size=1, max_size=4),
    st.integers(0, 6),
    st.booleans(),
)


@pytest.fixture
def three() -> list[User]:
    """Return three people."""
    return [make_user(may_create=True), make_user(), make_user()]


@given(
    edits=st.lists(edits, min_size=3, max_size=30), later=st.lists(edits, min_size=1, max_size=8)
)
@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_compaction_changes_neither_content_nor_authorship(
    three: list[Any], edits: list[Any], later: list[Any]
) -> None:
    """For any edits and versions: after the decision, after the deletion, and a second time."""
    log = OldLog(three)
    for who, at, text, delete, is_kept in edits:
        log.write(who, at, text, delete=delete)
        if is_kept:
            log.keep()
    log.keep()
    log.write(0, 0, "fresh", age=FRESH)
    log.store()
    before = look(log)
    compact(log, runs=1)
    assert look(log) == before, "decided, nothing deleted"
    compact(log)
    assert look(log) == before
    begins = log_first_seq(document_id=log.document_id)
    assert begins == len(edits) + 1
    assert live(log) == [begins]
    for who, at, text, delete, _ in later:
        log.write(who, at, text, delete=delete)
    log.keep()
    log.write(0, 0, "fresh again", age=FRESH)
    log.store()
    before = look(log)
    compact(log)
    assert look(log) == before
    assert live(log) == [log.seq]
    assert run("verify_documents", log.document_id).code == 0


# --- what is asked of a compacted log ---


def test_operations_endpoint_has_the_first_seq_of_the_log(log: OldLog) -> None:
    """Before and after; a request for compacted operations gets the remaining ones."""
    client = bearer(log.users[0])
    body = client.get(path(log, "operations/")).json()
    assert (body["begins"], len(body["results"])) == (1, 14)
    compact(log)
    for after in (0, 5, 12):
        body = client.get(path(log, f"operations/?after={after}")).json()
        assert body["begins"] == 13
        assert [row["seq"] for row in body["results"]] == [13, 14]
    body = client.get(path(log, "operations/?after=0&limit=1")).json()
    assert [row["seq"] for row in body["results"]] == [13]
    assert "after=13" in body["next"]


def test_states_before_the_compaction_point_are_those_of_versions(log: OldLog) -> None:
    """Other seqs before it answer 404 with the first seq of the log; later ones are readable."""
    client = bearer(log.users[0])
    texts = {seq: client.get(path(log, f"export/txt/?seq={seq}")).content for seq in range(15)}
    compact(log)
    for seq in (0, 4, 8, 12, 13, 14):
        assert client.get(path(log, f"export/txt/?seq={seq}")).content == texts[seq]
        assert client.get(path(log, f"at/{seq}/state/")).status_code == 200
    for rest in ("at/5/state/", "at/5/restore/", "export/txt/?seq=5", "authorship/?seq=5"):
        answer = client.get(path(log, rest))
        assert_error(answer, 404, "compacted")
        assert answer.json()["extra"] == {"begins": 13}
    assert_error(client.post(path(log, "versions/"), {"seq": 5}), 404, "compacted")
    assert client.post(path(log, "versions/"), {"seq": 4}).json()["seq"] == 4
    assert_error(client.get(path(log, "at/15/state/")), 404, "seq_not_found")


def test_reading_compacted_operations_is_an_error(log: OldLog) -> None:
    """An error of its own: neither a damaged log nor an empty one."""
    compact(log)
    with pytest.raises(CompactedError) as caught:
        list(operations_iter(document_id=log.document_id, after=3))
    assert caught.value.extra == {"begins": 13}


def test_version_before_the_compaction_point_can_be_restored(log: OldLog) -> None:
    """By the same edit as before the compaction."""
    client = bearer(log.users[0])
    before = client.get(path(log, "versions/2/restore/")).content
    compact(log)
    assert len(before) > len(EMPTY.state)
    assert client.get(path(log, "versions/2/restore/")).content == before


def test_document_is_recovered_from_the_compaction_point(log: OldLog) -> None:
    """Without Redis, and with damaged later versions."""
    compact(log)
    log.write_many(3, age=FRESH)
    number = log.keep()
    where = {"document_id": log.document_id, "number": number}
    version_rows().update_one(where, {"$set": {"snapshot": b"damaged"}})
    snapshot_forget(document_id=log.document_id)
    recovery = document_recover(document_id=log.document_id)
    assert (recovery.snapshot_seq, recovery.read, recovery.document.seq) == (12, 5, 17)
    assert version_repair_from_log(document_id=log.document_id, number=number)
    assert run("verify_documents", log.document_id).code == 0
    assert (
        log_state(document_id=log.document_id, up_to=8)
        == version_state(document_id=log.document_id, number=3).state
    )
    assert log_state(document_id=log.document_id, up_to=17)


def test_trail_of_activity_includes_compacted_operations(log: OldLog) -> None:
    """It gets every operation, though it had read none before."""
    compact(log)
    assert writing_advance(document_id=log.document_id) == 14
    writes = writes_since(document_id=log.document_id, after=5, limit=8)
    assert [write.seq for write in writes] == list(range(6, 14))
    assert [write.seq for write in writes_since(document_id=log.document_id, after=2, limit=3)] == [
        3,
        4,
        5,
    ]


def test_late_worker_continues_after_the_compaction_point(log: OldLog) -> None:
    """Kafka delivers compacted operations of a document that the worker has not loaded."""
    compact(log)
    processed_rows().delete_one({"_id": log.document_id})
    processor = Processor(SnapshotPolicy())
    processor.process(log.operations)
    processor.flush_and_clear()
    assert processed_rows().find_one({"_id": log.document_id})["seq"] == 14  # type: ignore[index]
    assert max(seq for seq, _ in version_infos(document_id=log.document_id)) == 14


def test_commands_accept_a_compacted_log(log: OldLog) -> None:
    """They find no fault and repair nothing; the log is still listed."""
    compact(log)
    verified = run("verify_documents", log.document_id)
    assert (verified.code, verified.printed[0]["faults"]) == (0, [])
    assert verified.printed[0]["notes"] == [
        "compacted: the log begins at operation 13, with version 4"
    ]
    rebuilt = run("rebuild_document", log.document_id).only
    assert (rebuilt["done"]["faults"], rebuilt["left"]["faults"]) == ([], [])
    assert run("recover_document", log.document_id).code == 0
    assert log.document_id in set(logs_begun())
