"""A compaction is killed between two steps: nothing changes, and the next run continues."""

import signal
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import override_settings
from django_redis import get_redis_connection

from apps.core.failpoints import COMPACTION_POINTS
from apps.history.attribution import _key
from apps.history.authorship import AttributedText, document_authorship
from apps.history.policy import history_settings_change
from apps.history.selectors import version_infos
from apps.history.snapshot_cache import snapshot_forget
from apps.history.states import present_state, version_state
from apps.oplog.compaction_point import compacted_find, log_first_seq
from apps.oplog.models import compacted_rows, operation_rows
from apps.oplog.selectors import LogWrite, operations_find, writes_since
from tests.accounts.factories import make_user
from tests.core.processes import run_python
from tests.maintenance.commands import run
from tests.support.old_logs import OldLog

pytestmark = pytest.mark.django_db

#: Two full rows and one partial row; the log is deleted in three commands.
OLD = 2_300
#: The last operations of an old log, which are kept.
FRESH = 3
#: Each failpoint, and each time that a compaction reaches it.
DEATHS = [
    *(("after_packed", time) for time in (1, 2, 3)),
    ("after_base_marked", 1),
    ("after_log_begins", 1),
    *(("after_dropped", time) for time in (1, 2, 3)),
]


@dataclass
class Seen:
    """The document as people and programs see it."""

    state: bytes
    pieces: list[AttributedText]
    writes: list[LogWrite]
    versions: dict[int, bytes]
    #: The seq of each operation, by its unique id.
    places: dict[str, int]


@pytest.fixture
def log() -> OldLog:
    """Return a document of two authors whose log may be compacted."""
    log = OldLog([make_user(may_create=True), make_user()])
    log.write_many(OLD // 2)
    log.keep()
    log.write_many(OLD // 2)
    log.keep()
    log.write_many(FRESH, age=timedelta(hours=1))
    log.store()
    user, document_id = log.users[0], log.document_id
    history_settings_change(user=user, document_id=document_id, changes={"compact_after_days": 30})
    return log


def look(log: OldLog) -> Seen:
    """Read the document as a new server does."""
    document_id, lineage = log.document_id, log.document.lineage
    snapshot_forget(document_id=document_id)
    get_redis_connection("default").delete(_key(document_id, lineage, set()))
    names = [operation.unique_id for operation in log.operations[::100]]
    found = operations_find(document_id=document_id, unique_ids=names)
    return Seen(
        state=present_state(document_id=document_id).state,
        pieces=document_authorship(document_id=document_id, lineage=lineage).pieces,
        writes=writes_since(document_id=document_id, after=0, limit=10_000),
        versions={
            number: version_state(document_id=document_id, number=number).state
            for _, number in version_infos(document_id=document_id)
        },
        places={
            **compacted_find(document_id=document_id, unique_ids=names),
            **{name: operation.seq for name, operation in found.items()},
        },
    )


def retention(log: OldLog) -> int:
    """Run the command; return its exit code."""
    with override_settings(COMPACT_DROP_AFTER_S=0.0):
        return run("retention", "--document", log.document_id, "--apply").code


def retention_with_failpoint(log: OldLog, failpoint: str) -> int:
    """Run the command in a process that dies at the failpoint; return its exit code."""
    done = run_python(
        "manage.py",
        "retention",
        "--document",
        log.document_id,
        "--apply",
        FAILPOINT=failpoint,
        COMPACT_DROP_AFTER_S="0",
    )
    assert f"failpoint {failpoint.partition(':')[0]}" in done.stderr, done.stderr
    return done.returncode


@pytest.mark.parametrize(("point", "time"), DEATHS)
def test_killed_compaction_changes_nothing_and_is_continued(
    log: OldLog, point: str, time: int
) -> None:
    """The process is killed; the document is the same, then and after later runs have finished."""
    before = look(log)
    assert len(before.places) == len(log.operations[::100])
    if point == "after_dropped":
        assert retention(log) == 0
    assert retention_with_failpoint(log, f"{point}:{time}") == -signal.SIGKILL
    assert look(log) == before
    assert run("verify_documents", log.document_id).code == 0
    assert [retention(log), retention(log)] == [0, 0]
    assert look(log) == before
    assert run("verify_documents", log.document_id).code == 0
    where = {"document_id": log.document_id}
    assert log_first_seq(document_id=log.document_id) == OLD + 1
    assert operation_rows().count_documents(where) == FRESH
    assert compacted_rows().count_documents(where) == 3


def test_every_failpoint_of_a_compaction_is_tested() -> None:
    """And no other."""
    assert {point for point, _ in DEATHS} == set(COMPACTION_POINTS)
