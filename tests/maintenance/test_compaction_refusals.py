"""Operations that are not compacted or not deleted: new, few, unread, quarantined, damaged ones."""

import pytest
from django.test import override_settings

from apps.core.errors import AppError
from apps.history.compaction_point import CompactionSnapshotLostError
from apps.history.last_processed import processed_rows
from apps.history.models import version_rows
from apps.history.recovery import document_load
from apps.history.selectors import version_ages
from apps.history.services import versions_drop
from apps.history.snapshot_cache import snapshot_forget
from apps.maintenance.compaction import Compacted, CompactionRefusedError, document_compact
from apps.oplog.compaction_point import compaction_point_find, log_first_seq
from apps.oplog.models import compacted_rows
from apps.oplog.quarantine import operation_quarantine
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import make_user
from tests.maintenance.commands import run
from tests.maintenance.compacting import DAYS, FRESH, compact, live, look, path
from tests.support.old_logs import OldLog
from tests.support.stored import flipped

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("dropped_at_once")]


def test_log_is_compacted_only_where_it_is_allowed(log: OldLog) -> None:
    """Not by default, but by the owner's setting; and not by the command without --apply."""
    run("retention", "--document", log.document_id, "--apply")
    assert compaction_point_find(document_id=log.document_id) is None
    bearer(log.users[0]).patch(path(log, "history-settings/"), {"compact_after_days": DAYS})
    run("retention", "--document", log.document_id)
    assert compaction_point_find(document_id=log.document_id) is None
    assert document_compact(
        document_id=log.document_id, after_days=DAYS, apply=False, min_operations=1
    ) == Compacted(begins=13, packed=12)
    assert compaction_point_find(document_id=log.document_id) is None


def test_few_operations_are_not_compacted(log: OldLog) -> None:
    """A compacted row would save nothing."""
    assert compact(log, min_operations=13) == Compacted(begins=1)
    assert compact(log, runs=1, min_operations=12).begins == 13


def test_long_log_is_compacted_in_parts(log: OldLog) -> None:
    """One run compacts ``max_operations``, or up to the first version after them."""

    def begins(max_operations: int) -> int:
        done = document_compact(
            document_id=log.document_id,
            after_days=DAYS,
            apply=True,
            min_operations=1,
            max_operations=max_operations,
        )
        return done.begins

    before = look(log)
    assert [begins(most) for most in (5, 1, 100, 100)] == [5, 9, 13, 13]
    assert look(log) == before
    assert live(log) == [13, 14]


def test_command_reports_why_a_log_is_not_compacted(log: OldLog) -> None:
    """With exit code 1; the policy of versions is still applied."""
    log.write_many(1_000)
    number = log.keep()
    log.write_many(1, age=FRESH)
    log.store()
    where = {"document_id": log.document_id, "number": number}
    version_rows().update_one(where, {"$set": {"snapshot": b"damaged"}})
    bearer(log.users[0]).patch(path(log, "history-settings/"), {"compact_after_days": DAYS})
    done = run("retention", "--document", log.document_id, "--apply")
    printed = done.printed[0]
    assert (done.code, printed["log"], printed["versions"]) == (1, None, 5)
    assert f"Version {number}" in printed["refused"]
    assert printed["refused"] in done.error
    assert compaction_point_find(document_id=log.document_id) is None


def test_nothing_is_deleted_before_the_waiting_time(log: OldLog) -> None:
    """A reader may have begun before the decision."""
    with override_settings(COMPACT_DROP_AFTER_S=3600.0):
        compact(log, runs=3)
        assert live(log) == list(range(1, 15))
        assert log_first_seq(document_id=log.document_id) == 13
    compact(log, runs=1)
    assert live(log) == [13, 14]


def test_compaction_stays_behind_workers_and_kafka(log: OldLog) -> None:
    """And behind the head, and behind quarantined operations."""
    marks = {"_id": log.document_id}
    processed_rows().update_one(marks, {"$set": {"seq": 11}})
    assert compact(log).begins == 9
    log.document.update(set__published_seq=7)
    processed_rows().update_one(marks, {"$set": {"seq": 14}})
    assert compact(log).begins == 9


def test_nothing_is_compacted_past_quarantine(log: OldLog) -> None:
    """A release needs the operation in the log."""
    operation_quarantine(log.operations[5], AppError("odd"))
    assert compact(log).begins == 5
    assert live(log)[0] == 5


def test_head_itself_is_not_compacted() -> None:
    """A log always has the last operation."""
    log = OldLog([make_user(may_create=True)])
    log.write_many(3)
    log.keep()
    assert compact(log) == Compacted(begins=1)


def test_version_that_differs_from_the_log_is_no_compaction_point(log: OldLog) -> None:
    """Damaged, or the sound state of something else: nothing is decided."""
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
def test_nothing_is_deleted_when_the_replacement_is_damaged(log: OldLog, harm: str) -> None:
    """Damaged between the decision and the deletion; verify_documents reports it."""
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
    codes = {fault["code"] for fault in verified.printed[0]["faults"]}
    assert (verified.code, codes) == (
        1,
        {"base_lost"} if harm in ("base", "version") else {"packed_damaged"},
    )


def test_lost_snapshot_at_the_compaction_point_is_an_error(log: OldLog) -> None:
    """A later version replaces it; without one the document is an error, not empty."""
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


def test_version_at_the_compaction_point_is_not_dropped(log: OldLog) -> None:
    """The version at the former compaction point may be dropped again."""
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
    """Return the versions that retention keeps."""
    return {
        version.number for version in version_ages(document_id=log.document_id) if version.stays
    }


def test_command_reports_what_it_did_to_logs(log: OldLog) -> None:
    """The first seq, the numbers of packed and deleted operations, or the reason why not."""
    log.write_many(1_000)
    log.keep()
    log.write_many(1, age=FRESH)
    log.store()
    bearer(log.users[0]).patch(path(log, "history-settings/"), {"compact_after_days": DAYS})
    words = ("retention", "--document", log.document_id)
    assert run(*words).printed[0]["log"] == {"begins": 1_015, "packed": 1_014, "dropped": 0}
    assert run(*words, "--apply").printed[0]["log"]["packed"] == 1_014
    assert run(*words).printed[0]["log"] == {"begins": 1_015, "packed": 0, "dropped": 1_014}
    assert run(*words, "--apply").printed[0]["log"]["dropped"] == 1_014
    assert run(*words, "--apply").printed[0]["log"] == {"begins": 1_015, "packed": 0, "dropped": 0}
    assert live(log) == [1_015]
