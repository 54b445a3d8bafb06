"""Compaction: content, authorship and names stay; what is not sound is not compacted."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django_redis import get_redis_connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.activity.session_tracker import writing_advance
from apps.core.errors import AppError
from apps.history.attribution import _key
from apps.history.authorship import AttributedText, document_authorship
from apps.history.compaction_point import CompactionSnapshotLostError
from apps.history.last_processed import processed_rows
from apps.history.models import version_rows
from apps.history.recovery import document_load, document_recover, log_state
from apps.history.selectors import version_ages, version_infos
from apps.history.services import versions_drop
from apps.history.snapshot import EMPTY
from apps.history.snapshot_cache import snapshot_forget
from apps.history.states import present_state, version_state
from apps.maintenance.compaction import Compacted, CompactionRefusedError, document_compact
from apps.maintenance.integrity.repair import version_repair_from_log
from apps.oplog.compaction_point import CompactedError, compaction_point_find, log_first_seq
from apps.oplog.models import compacted_rows, operation_rows
from apps.oplog.quarantine import operation_quarantine
from apps.oplog.selectors import LogWrite, logs_begun, operations_iter, writes_since
from apps.pipeline.processor import Processor
from apps.pipeline.snapshot_policy import SnapshotPolicy
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import make_user
from tests.maintenance.commands import run
from tests.support.old_logs import OldLog
from tests.support.stored import flipped

pytestmark = pytest.mark.django_db

DAYS = 30
FRESH = timedelta(days=1)


@pytest.fixture(autouse=True)
def dropped_at_once() -> Iterator[None]:
    """Do not wait between the decision and the deletion."""
    with override_settings(COMPACT_DROP_AFTER_S=0.0):
        yield


@pytest.fixture
def log() -> OldLog:
    """Return twelve old operations with versions after 4, 8 and 12, and two fresh ones."""
    log = OldLog([make_user(may_create=True), make_user()])
    for _ in range(3):
        log.write_many(4)
        log.keep()
    log.write_many(2, age=FRESH)
    log.store()
    return log


def compact(log: OldLog, *, runs: int = 2, least: int = 1) -> Compacted:
    """Compact: one run decides, and the next one deletes."""
    for _ in range(runs):
        done = document_compact(
            document_id=log.document_id, after_days=DAYS, apply=True, least=least
        )
    return done


def live(log: OldLog) -> list[int]:
    """Return what the log has."""
    rows = operation_rows().find({"document_id": log.document_id}, {"seq": 1}).sort("seq", 1)
    return [row["seq"] for row in rows]


def path(log: OldLog, rest: str = "") -> str:
    """Return an address below the document's."""
    return f"/api/v1/documents/{log.document_id}/{rest}"


# --- nothing changes ---


@dataclasses.dataclass
class Seen:
    """All that people and programs see of a document."""

    state: bytes
    vector: dict[int, int]
    pieces: list[AttributedText]
    writes: list[LogWrite]
    versions: dict[int, bytes]
    version_pieces: dict[int, list[AttributedText]]


def look(log: OldLog) -> Seen:
    """Look at the document, without what Redis remembers of it."""
    document_id, lineage = log.document_id, log.document.lineage

    def pieces(seq: int | None) -> list[AttributedText]:
        get_redis_connection("default").delete(_key(document_id, lineage, set()))
        return document_authorship(document_id=document_id, lineage=lineage, seq=seq).pieces

    snapshot_forget(document_id=document_id)
    present = present_state(document_id=document_id)
    places = version_infos(document_id=document_id)
    return Seen(
        state=present.state,
        vector=present.vector,
        pieces=pieces(None),
        writes=writes_since(document_id=document_id, after=0, limit=10_000),
        versions={
            number: version_state(document_id=document_id, number=number).state
            for _, number in places
        },
        version_pieces={number: pieces(seq) for seq, number in places},
    )


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
    """Whatever was written, wherever the versions are; at once, in between, and once more."""
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


def test_log_says_where_it_begins(log: OldLog) -> None:
    """Before and after; who asks for what is before gets what there is."""
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


def test_moments_before_the_beginning_are_those_of_versions(log: OldLog) -> None:
    """The others answer 404 with where the log begins; all behind it are there."""
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


def test_reader_of_the_log_from_before_is_told(log: OldLog) -> None:
    """Not that the log is damaged, and not as if there was nothing."""
    compact(log)
    with pytest.raises(CompactedError) as caught:
        list(operations_iter(document_id=log.document_id, after=3))
    assert caught.value.extra == {"begins": 13}


def test_version_of_before_can_be_gone_back_to(log: OldLog) -> None:
    """The edit that does it is the one that it was."""
    client = bearer(log.users[0])
    before = client.get(path(log, "versions/2/restore/")).content
    compact(log)
    assert len(before) > len(EMPTY.state)
    assert client.get(path(log, "versions/2/restore/")).content == before


def test_document_is_rebuilt_from_its_beginning_alone(log: OldLog) -> None:
    """Redis empty, and the later versions damaged."""
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


def test_trail_of_activity_follows_though_it_had_not_begun(log: OldLog) -> None:
    """It is told of every operation."""
    compact(log)
    assert writing_advance(document_id=log.document_id) == 14
    writes = writes_since(document_id=log.document_id, after=5, limit=8)
    assert [each.seq for each in writes] == list(range(6, 14))
    assert [each.seq for each in writes_since(document_id=log.document_id, after=2, limit=3)] == [
        3,
        4,
        5,
    ]


def test_worker_that_comes_late_goes_on(log: OldLog) -> None:
    """Kafka brings it what is compacted, and it has never seen the document."""
    compact(log)
    processed_rows().delete_one({"_id": log.document_id})
    processor = Processor(SnapshotPolicy())
    processor.process(log.operations)
    processor.forget()
    assert processed_rows().find_one({"_id": log.document_id})["seq"] == 14  # type: ignore[index]
    assert max(seq for seq, _ in version_infos(document_id=log.document_id)) == 14


def test_commands_stand_on_the_beginning(log: OldLog) -> None:
    """Nothing to complain of, nothing to do, and the log is still one that was begun."""
    compact(log)
    verified = run("verify_documents", log.document_id)
    assert (verified.code, verified.said[0]["faults"]) == (0, [])
    assert verified.said[0]["notes"] == [
        "compacted: the log begins at operation 13, with version 4"
    ]
    rebuilt = run("rebuild_document", log.document_id).only
    assert (rebuilt["done"]["faults"], rebuilt["left"]["faults"]) == ([], [])
    assert run("recover_document", log.document_id).code == 0
    assert log.document_id in set(logs_begun())


# --- what is not compacted ---


def test_log_is_compacted_only_where_it_is_allowed(log: OldLog) -> None:
    """By nobody, by default; by the document's owner; not by the command without --apply."""
    run("retention", "--document", log.document_id, "--apply")
    assert compaction_point_find(document_id=log.document_id) is None
    bearer(log.users[0]).patch(path(log, "history-settings/"), {"compact_after_days": DAYS})
    run("retention", "--document", log.document_id)
    assert compaction_point_find(document_id=log.document_id) is None
    assert document_compact(
        document_id=log.document_id, after_days=DAYS, apply=False, least=1
    ) == Compacted(begins=13, packed=12)
    assert compaction_point_find(document_id=log.document_id) is None


def test_few_operations_are_not_worth_it(log: OldLog) -> None:
    """A row for each would take as much."""
    assert compact(log, least=13) == Compacted(begins=1)
    assert compact(log, runs=1, least=12).begins == 13


def test_long_log_is_compacted_in_parts(log: OldLog) -> None:
    """A run takes so many operations, or up to the next version where there is none before."""

    def begins(most: int) -> int:
        done = document_compact(
            document_id=log.document_id, after_days=DAYS, apply=True, least=1, most=most
        )
        return done.begins

    before = look(log)
    assert [begins(most) for most in (5, 1, 100, 100)] == [5, 9, 13, 13]
    assert look(log) == before
    assert live(log) == [13, 14]


def test_command_says_why_a_log_is_not_compacted(log: OldLog) -> None:
    """And ends with 1, for somebody has to look; the versions are looked at all the same."""
    log.write_many(1_000)
    number = log.keep()
    log.write_many(1, age=FRESH)
    log.store()
    where = {"document_id": log.document_id, "number": number}
    version_rows().update_one(where, {"$set": {"snapshot": b"damaged"}})
    bearer(log.users[0]).patch(path(log, "history-settings/"), {"compact_after_days": DAYS})
    done = run("retention", "--document", log.document_id, "--apply")
    said = done.said[0]
    assert (done.code, said["log"], said["versions"]) == (1, None, 5)
    assert f"Version {number}" in said["refused"]
    assert said["refused"] in done.error
    assert compaction_point_find(document_id=log.document_id) is None


def test_nothing_is_deleted_before_its_time(log: OldLog) -> None:
    """Somebody may be between a look at what is known and the log."""
    with override_settings(COMPACT_DROP_AFTER_S=3600.0):
        compact(log, runs=3)
        assert live(log) == list(range(1, 15))
        assert log_first_seq(document_id=log.document_id) == 13
    compact(log, runs=1)
    assert live(log) == [13, 14]


def test_beginning_stays_below_what_workers_and_kafka_have_had(log: OldLog) -> None:
    """And below the head, and below what is in quarantine."""
    marks = {"_id": log.document_id}
    processed_rows().update_one(marks, {"$set": {"seq": 11}})
    assert compact(log).begins == 9
    log.document.update(set__published_seq=7)
    processed_rows().update_one(marks, {"$set": {"seq": 14}})
    assert compact(log).begins == 9


def test_nothing_is_compacted_past_quarantine(log: OldLog) -> None:
    """A release has to find its operation."""
    operation_quarantine(log.operations[5], AppError("odd"))
    assert compact(log).begins == 5
    assert live(log)[0] == 5


def test_head_itself_is_not_compacted() -> None:
    """The log of a document has its last operation."""
    log = OldLog([make_user(may_create=True)])
    log.write_many(3)
    log.keep()
    assert compact(log) == Compacted(begins=1)


def test_version_that_is_not_what_the_log_makes_is_no_beginning(log: OldLog) -> None:
    """Damaged, or whole and of something else: nothing is decided."""
    where = {"document_id": log.document_id, "number": 4}
    row = version_rows().find_one(where)
    assert row is not None
    other = version_rows().find_one({"document_id": log.document_id, "number": 3})
    assert other is not None
    for packed in (flipped(bytes(row["snapshot"])), bytes(other["snapshot"])):
        version_rows().update_one(where, {"$set": {"snapshot": packed}})
        with pytest.raises(CompactionRefusedError, match="Version 4"):
            compact(log)
        assert compaction_point_find(document_id=log.document_id) is None
        assert live(log) == list(range(1, 15))


@pytest.mark.parametrize("harm", ["base", "packed", "packed row", "version"])
def test_nothing_is_deleted_when_what_stays_is_not_sound(log: OldLog, harm: str) -> None:
    """Damaged between the decision and the deletion; verify_documents says so."""
    compact(log, runs=1)
    where = {"document_id": log.document_id}
    if harm == "base":
        damaged = {**where, "number": 4}
        version_rows().update_one(damaged, {"$set": {"snapshot": b"damaged"}})
    elif harm == "version":
        version_rows().delete_one({**where, "number": 4})
    elif harm == "packed":
        compacted_rows().update_one(where, {"$set": {"packed": b"damaged"}})
    else:
        compacted_rows().delete_many(where)
    with pytest.raises(AppError):
        compact(log, runs=1)
    assert live(log) == list(range(1, 15))
    verified = run("verify_documents", log.document_id)
    codes = {fault["code"] for fault in verified.said[0]["faults"]}
    assert (verified.code, codes) == (
        1,
        {"base_lost"} if harm in ("base", "version") else {"packed_damaged"},
    )


def test_beginning_that_is_lost_is_an_error_and_never_an_empty_document(log: OldLog) -> None:
    """A later version serves; without one the document is not shown."""
    compact(log)
    log.write_many(1, age=FRESH)
    later = log.keep()
    where = {"document_id": log.document_id}
    version_rows().update_one({**where, "number": 4}, {"$set": {"snapshot": b"damaged"}})
    snapshot_forget(document_id=log.document_id)
    assert document_load(document_id=log.document_id).seq == 15
    version_rows().delete_one({**where, "number": later})
    snapshot_forget(document_id=log.document_id)
    with pytest.raises(CompactionSnapshotLostError):
        document_load(document_id=log.document_id)
    answer = bearer(log.users[0]).get(path(log, "state/"))
    assert_error(answer, 409, "base_lost")


def test_version_that_a_log_begins_with_is_not_let_go(log: OldLog) -> None:
    """While it does; that of before may go again."""
    compact(log)
    assert staying(log) == {4}
    log.write_many(4)
    log.keep()
    log.write_many(1, age=FRESH)
    log.store()
    compact(log)
    assert staying(log) == {5}
    assert versions_drop(document_id=log.document_id, numbers=[4, 5]) == 1
    assert document_load(document_id=log.document_id).seq == log.seq


def staying(log: OldLog) -> set[int]:
    """Return the versions that retention leaves alone."""
    return {each.number for each in version_ages(document_id=log.document_id) if each.stays}


def test_command_says_what_it_did_to_logs(log: OldLog) -> None:
    """Where the log begins, how many were packed and deleted, or why not."""
    log.write_many(1_000)
    log.keep()
    log.write_many(1, age=FRESH)
    log.store()
    bearer(log.users[0]).patch(path(log, "history-settings/"), {"compact_after_days": DAYS})
    words = ("retention", "--document", log.document_id)
    assert run(*words).said[0]["log"] == {"begins": 1_015, "packed": 1_014, "dropped": 0}
    assert run(*words, "--apply").said[0]["log"]["packed"] == 1_014
    assert run(*words).said[0]["log"] == {"begins": 1_015, "packed": 0, "dropped": 1_014}
    assert run(*words, "--apply").said[0]["log"]["dropped"] == 1_014
    assert run(*words, "--apply").said[0]["log"] == {"begins": 1_015, "packed": 0, "dropped": 0}
    assert live(log) == [1_015]
