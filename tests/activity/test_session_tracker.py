"""The session tracker records each session of the log once, also when workers are killed."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection

from apps.accounts.models import User
from apps.activity import session_tracker
from apps.activity.models import Activity, Writing
from apps.activity.session_tracker import writing_advance, writing_follow
from apps.activity.tasks import follow, sweep
from apps.core import clock
from apps.documents.heads import Head, heads_advance
from apps.documents.models import Document
from apps.oplog.bulk import operations_write
from tests.accounts.factories import make_user
from tests.activity.trail import trail
from tests.support.documents import make_document
from tests.support.operations import Scribe

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
#: Separates the documents of a test from those of others: its documents are edited in the future.
FUTURE = timedelta(days=1)


@pytest.fixture
def author() -> User:
    """Return an author."""
    return make_user()


@pytest.fixture
def begin(author: User) -> Iterator[Callable[[], Scribe]]:
    """Return a factory of empty documents for the author, which are deleted afterwards."""
    made: list[str] = []

    def make() -> Scribe:
        scribe = Scribe(author_id=str(author.pk))
        make_document(scribe.document_id)
        made.append(scribe.document_id)
        return scribe

    yield make
    Document.objects(id__in=made).delete()


@pytest.fixture
def scribe(begin: Callable[[], Scribe]) -> Scribe:
    """Return a writer of operations for an empty document."""
    return begin()


def write(scribe: Scribe, count: int, *, minutes_ago: float, author: User | None = None) -> None:
    """Write operations into the log with one timestamp."""
    scribe.author_id = str(author.pk) if author else scribe.author_id
    at = clock.now() - minutes_ago * MINUTE
    operations = scribe.write_many(count, at=at)
    list(operations_write(operations))
    head = operations[-1]
    future = clock.now() + FUTURE
    heads_advance([Head(scribe.document_id, head.seq, head.version_vector, future)])


def ranges(scribe: Scribe) -> list[tuple[int, int, int]]:
    """Return first and last seq and the number of operations of each stored session."""
    return [
        (detail["first_seq"], detail["last_seq"], detail["operations"])
        for _, _, detail in trail(scribe.document_id, "edited")
    ]


def tracker_state(scribe: Scribe) -> Writing:
    """Return the tracker's state of the document."""
    return Writing.objects.get(pk=scribe.document_id)


def test_session_that_has_ended_is_recorded_with_its_detail(scribe: Scribe, author: User) -> None:
    """Author, operations, first and last time."""
    write(scribe, 2, minutes_ago=30)
    write(scribe, 3, minutes_ago=25)
    assert writing_advance(document_id=scribe.document_id) == 5
    (row,) = Activity.objects.filter(document_id=scribe.document_id)
    assert (row.kind, row.actor, row.username) == ("edited", author, author.username)
    assert (row.detail["first_seq"], row.detail["last_seq"], row.detail["operations"]) == (1, 5, 5)
    assert row.at - datetime.fromisoformat(row.detail["began_at"]) >= 5 * MINUTE - MINUTE / 60
    assert (
        tracker_state(scribe).seq,
        tracker_state(scribe).sessions,
        tracker_state(scribe).closes_at,
    ) == (5, [], None)


def test_ongoing_session_is_recorded_once_it_has_ended(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, by the first run after the pause."""
    write(scribe, 2, minutes_ago=9)
    writing_advance(document_id=scribe.document_id)
    write(scribe, 1, minutes_ago=1)
    writing_advance(document_id=scribe.document_id)
    assert ranges(scribe) == []
    later = clock.now() + 9 * MINUTE
    monkeypatch.setattr(clock, "now", lambda: later)
    for _ in range(2):
        writing_follow(edited_within=timedelta(0))
    assert ranges(scribe) == [(1, 3, 3)]


def test_run_that_finds_nothing_new_records_nothing(scribe: Scribe) -> None:
    """The task is idempotent."""
    write(scribe, 4, minutes_ago=40)
    write(scribe, 1, minutes_ago=20)
    for _ in range(3):
        writing_advance(document_id=scribe.document_id)
    assert ranges(scribe) == [(1, 4, 4), (5, 5, 1)]


def test_authors_who_write_at_once_have_a_row_each(scribe: Scribe, author: User) -> None:
    """Their operations alternate in the log."""
    other = make_user()
    for turn in range(3):
        write(scribe, 1, minutes_ago=30 - turn, author=author)
        write(scribe, 1, minutes_ago=30 - turn, author=other)
    writing_advance(document_id=scribe.document_id)
    rows = [(who, detail["operations"]) for _, who, detail in trail(scribe.document_id)]
    assert sorted(rows) == sorted([(author.username, 3), (other.username, 3)])


def test_killed_worker_neither_loses_a_session_nor_records_it_twice(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed between the rows and the commit; the next run starts over."""
    write(scribe, 3, minutes_ago=30)

    def die(_: Writing) -> None:
        assert ranges(scribe) == [(1, 3, 3)]
        raise DatabaseError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Writing, "save", die)
        with pytest.raises(DatabaseError):
            writing_advance(document_id=scribe.document_id)
    assert ranges(scribe) == []
    write(scribe, 2, minutes_ago=28)
    writing_advance(document_id=scribe.document_id)
    assert ranges(scribe) == [(1, 5, 5)]


def test_long_log_is_read_in_chunks(
    scribe: Scribe, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that is longer than a chunk stays one, also where the chunk ended long ago."""
    monkeypatch.setattr(session_tracker, "OPERATIONS_PER_READ", 2)
    write(scribe, 5, minutes_ago=60)
    write(scribe, 2, minutes_ago=55)
    write(scribe, 2, minutes_ago=30)
    assert writing_advance(document_id=scribe.document_id) == 9
    assert ranges(scribe) == [(1, 7, 7), (8, 9, 2)]


@pytest.mark.parametrize("author_id", ["0", "999999999", "not a number"])
def test_session_of_an_unknown_author_has_no_actor(scribe: Scribe, author_id: str) -> None:
    """The author was imported, or the account was deleted."""
    scribe.author_id = author_id
    write(scribe, 1, minutes_ago=30)
    writing_advance(document_id=scribe.document_id)
    (row,) = Activity.objects.filter(document_id=scribe.document_id)
    assert (row.actor, row.username) == (None, "")


def test_follow_finds_edited_documents_and_continues_after_a_failure(
    begin: Callable[[], Scribe], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that fails does not block the others."""
    scribe, other = begin(), begin()
    for writer in (scribe, other):
        write(writer, 2, minutes_ago=30)
    advance = session_tracker.writing_advance

    def fail_for_one(*, document_id: str) -> int:
        if document_id == scribe.document_id:
            raise DatabaseError("no room")
        return advance(document_id=document_id)

    with monkeypatch.context() as patched:
        patched.setattr(session_tracker, "writing_advance", fail_for_one)
        assert writing_follow(edited_within=-FUTURE / 2) == 2
    assert (ranges(scribe), ranges(other)) == ([], [(1, 2, 2)])
    assert writing_follow(edited_within=-FUTURE / 2) == 1
    assert ranges(scribe) == [(1, 2, 2)]
    assert writing_follow(edited_within=-FUTURE / 2) == 0


@pytest.mark.parametrize("task", [follow, sweep])
def test_tasks_of_the_workers_follow_the_logs(
    scribe: Scribe, task: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both tasks, here with this document alone."""
    monkeypatch.setattr(session_tracker, "_documents_behind", lambda **_: [scribe.document_id])
    write(scribe, 1, minutes_ago=30)
    assert task() == 1
    assert ranges(scribe) == [(1, 1, 1)]


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_record_a_session_once(scribe: Scribe) -> None:
    """The row's lock serialises them."""
    write(scribe, 3, minutes_ago=30)
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        try:
            writing_advance(document_id=scribe.document_id)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ranges(scribe) == [(1, 3, 3)]
