"""Retention of stored documents, by the command and by the task."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django_redis import get_redis_connection

from apps.core import clock, ids
from apps.history import version_cache
from apps.history.models import version_rows
from apps.history.selectors import version_ages
from apps.history.services import version_put, version_rename, versions_drop
from apps.history.snapshot import Snapshot
from apps.history.version import Version
from apps.history.version_cache import cached_version
from apps.history.version_cache import version_cache as cache_version
from apps.maintenance import retention
from apps.maintenance.tasks import retain_documents
from tests.maintenance.commands import run, run_in_words
from tests.support.operations import Scribe
from tests.support.stored_logs import Written

#: Ages of the versions of a document, in hours: two of one hour last week, and so on.
AGES_H = (2_000, 300.5, 300, 100.2, 100.1, 2, 1)


@pytest.fixture
def aged(written: Written) -> Iterator[Scribe]:
    """Return a document with versions of these ages, numbered from 1."""
    scribe = written(1)
    noon = clock.now().replace(hour=12, minute=30, second=0, microsecond=0)
    packed = Snapshot(seq=0, version_vector=b"\x00", state=b"\x00\x00").encode()
    for seq, hours in enumerate(AGES_H):
        at, number = noon - timedelta(hours=hours), seq + 1
        version_put(
            Version(scribe.document_id, number, seq, "", True, at, (), b"\x00", packed, size=2)
        )
    yield scribe
    version_rows().delete_many({"document_id": scribe.document_id})


def numbers(scribe: Scribe) -> list[int]:
    """Return the stored versions."""
    return sorted(place.number for place in version_ages(document_id=scribe.document_id))


def test_command_shows_what_it_would_drop_and_drops_nothing(aged: Scribe) -> None:
    """As text and as JSON."""
    done = run("retention", "--document", aged.document_id)
    assert done.code == 0
    assert done.printed[0] == {
        "document_id": aged.document_id,
        "applied": False,
        "versions": 7,
        "dropped": [2, 4],
        "log": {"begins": 1, "packed": 0, "dropped": 0},
        "refused": "",
        "files": [],
        "files_waiting": 0,
        "files_refused": "",
    }
    assert done.printed[1] == {
        "documents": 1,
        "versions": 7,
        "dropped": 2,
        "packed": 0,
        "operations": 0,
        "files": 0,
        "files_waiting": 0,
        "applied": False,
    }
    words = run_in_words("retention", "--document", aged.document_id)
    assert f"{aged.document_id}: 2 of 7 versions would be dropped" in words
    assert numbers(aged) == list(range(1, 8))


def test_command_drops_once_what_it_showed(aged: Scribe) -> None:
    """A second run drops nothing."""
    assert run("retention", "--document", aged.document_id, "--apply").printed[0]["dropped"] == [
        2,
        4,
    ]
    assert numbers(aged) == [1, 3, 5, 6, 7]
    assert run("retention", "--document", aged.document_id, "--apply").printed[0]["dropped"] == []


@pytest.mark.django_db
def test_named_versions_stay(aged: Scribe) -> None:
    """Whatever their age."""
    version_rename(document_id=aged.document_id, number=4, name="Draft", user_id="1")
    run("retention", "--document", aged.document_id, "--apply")
    assert numbers(aged) == [1, 3, 4, 5, 6, 7]


@pytest.mark.django_db
def test_version_that_is_named_or_needed_at_the_last_moment_stays(aged: Scribe) -> None:
    """It was chosen for dropping before it was named or needed."""
    version_rename(document_id=aged.document_id, number=2, name="Draft", user_id="1")
    where = {"document_id": aged.document_id, "number": 4}
    version_rows().update_one(where, {"$set": {"base": True}})
    assert versions_drop(document_id=aged.document_id, numbers=[2, 4, 5]) == 1
    assert numbers(aged) == [1, 2, 3, 4, 6, 7]


def test_dropped_version_is_deleted_from_redis(aged: Scribe) -> None:
    """Other versions stay cached."""
    snapshot = Snapshot(seq=1, version_vector=b"\x00", state=b"\x00\x00")
    for number in (2, 3):
        cache_version(document_id=aged.document_id, number=number, snapshot=snapshot)
    run("retention", "--document", aged.document_id, "--apply")
    assert cached_version(document_id=aged.document_id, number=2) is None
    assert cached_version(document_id=aged.document_id, number=3) == snapshot
    index = f"{version_cache._prefix(aged.document_id)}index"
    assert get_redis_connection("default").zrange(index, 0, -1) == [b"3"]


@pytest.mark.usefixtures("few_documents")
def test_task_applies_the_policies_of_all_documents(
    aged: Scribe, caplog: pytest.LogCaptureFixture
) -> None:
    """It skips one that was deleted meanwhile."""
    assert retain_documents() >= 2
    assert numbers(aged) == [1, 3, 5, 6, 7]
    assert "skipped" not in caplog.text


def test_document_that_fails_does_not_stop_the_others(
    aged: Scribe, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """For example one that was deleted after it was listed."""
    gone = ids.new_id()
    monkeypatch.setattr(retention, "document_ids", lambda: iter([gone, aged.document_id]))
    retain_documents()
    assert f"{gone} skipped" in caplog.text
    assert numbers(aged) == [1, 3, 5, 6, 7]


def test_command_on_an_unknown_document_fails() -> None:
    """With the reason."""
    done = run("retention", "--document", ids.new_id())
    assert (done.code, done.printed[0]["error"]["code"]) == (2, "document_not_found")
