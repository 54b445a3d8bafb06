"""The joins of a document are recorded in the background, at most once in ten minutes."""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection

from apps.accounts.models import User
from apps.activity import join_recorder, subscriptions
from apps.activity.join_recorder import JoinRecorder
from apps.activity.services import READ_RECORD_INTERVAL, Join, joins_record
from apps.collab.events import SessionJoined, session_joined
from apps.core import clock, ids, metrics
from tests.accounts.factories import make_user
from tests.activity.trail import trail

DOCUMENT = "0b6f3a52-5d3c-4a3e-9a0e-1d9c3c5f7a11"


class Store:
    """Stores the batches of a recorder; fails while ``is_away``."""

    def __init__(self) -> None:
        self.batches: list[list[Join]] = []
        self.is_away = False
        self.called = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def record(self, joins: Sequence[Join]) -> None:
        """Store a batch, once the store is open."""
        self.called.set()
        self.open.wait()
        self.batches.append(list(joins))
        if self.is_away:
            raise DatabaseError("away")

    @property
    def users(self) -> list[int]:
        """Return the ids of the users, in order."""
        return [join.user_id for batch in self.batches for join in batch]


@pytest.fixture
def store() -> Store:
    """Return an empty store."""
    return Store()


@pytest.fixture
def fake_clock() -> SimpleNamespace:
    """Return a clock that a test moves: ``fake_clock.s``, in seconds."""
    return SimpleNamespace(s=0.0)


@pytest.fixture
def recorder(store: Store, fake_clock: SimpleNamespace) -> Iterator[JoinRecorder]:
    """Return a recorder that writes into the store."""
    recorder = JoinRecorder(store.record, now=lambda: float(fake_clock.s))
    yield recorder
    store.open.set()
    recorder.close()


def test_enqueue_same_join_within_ten_minutes_is_refused(
    recorder: JoinRecorder, store: Store, fake_clock: SimpleNamespace
) -> None:
    """After ten minutes it is recorded again; another person or document is another join."""
    assert recorder.enqueue(document_id=DOCUMENT, user_id=1)
    fake_clock.s = 599.0
    assert not recorder.enqueue(document_id=DOCUMENT, user_id=1)
    assert recorder.enqueue(document_id=DOCUMENT, user_id=2)
    assert recorder.enqueue(document_id=ids.new_id(), user_id=1)
    fake_clock.s = 600.0
    assert recorder.enqueue(document_id=DOCUMENT, user_id=1)
    recorder.close()
    assert store.users == [1, 2, 1, 1]


def test_enqueue_full_queue_is_refused_and_never_blocks(
    recorder: JoinRecorder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While PostgreSQL does not answer, joins beyond the bound are counted as lost."""
    monkeypatch.setattr(join_recorder, "MAX_QUEUED_JOINS", 3)
    lost = metrics.ACTIVITY_LOST.labels(kind="joined")
    before = lost._value.get()
    store.open.clear()
    recorder.enqueue(document_id=DOCUMENT, user_id=0)
    assert store.called.wait(10)
    accepted = [recorder.enqueue(document_id=DOCUMENT, user_id=user) for user in range(1, 6)]
    assert accepted == [True, True, True, False, False]
    assert lost._value.get() == before + 2
    store.open.set()
    recorder.close()
    assert store.users == [0, 1, 2, 3]


def test_queued_joins_are_recorded_in_few_transactions(
    recorder: JoinRecorder, store: Store
) -> None:
    """All queued joins are one transaction."""
    store.open.clear()
    for user in range(100):
        recorder.enqueue(document_id=DOCUMENT, user_id=user)
    store.open.set()
    recorder.close()
    assert sorted(store.users) == list(range(100))
    assert len(store.batches) <= 3


def test_failure_is_logged_and_the_next_join_is_recorded(
    recorder: JoinRecorder, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Also that of the same person, whose first join was lost."""
    store.is_away = True
    recorder.enqueue(document_id=DOCUMENT, user_id=1)
    recorder._thread.submit(lambda: None).result()
    assert "1 joins not recorded" in caplog.text
    store.is_away = False
    assert recorder.enqueue(document_id=DOCUMENT, user_id=1)
    recorder.close()
    assert store.users == [1, 1]


def test_memory_is_bounded(
    recorder: JoinRecorder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest joins are forgotten; PostgreSQL has them."""
    monkeypatch.setattr(join_recorder, "MAX_REMEMBERED_JOINS", 5)
    for user in range(20):
        recorder.enqueue(document_id=DOCUMENT, user_id=user)
    assert len(recorder._queued_at) == 5
    assert recorder.enqueue(document_id=DOCUMENT, user_id=0)


def test_session_joined_is_queued_and_never_raises(
    store: Store, recorder: JoinRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even at the end of a process, when no thread can be started."""
    monkeypatch.setattr(subscriptions, "_joins", recorder)
    session_joined.publish(SessionJoined(DOCUMENT, "7"))
    recorder.close()
    assert store.users == [7]
    session_joined.publish(SessionJoined(DOCUMENT, "8"))
    session_joined.publish(SessionJoined(DOCUMENT, "nobody"))


# --- in PostgreSQL ---


@pytest.fixture
def ada() -> User:
    """Return a user."""
    return make_user()


@pytest.mark.django_db
def test_joins_record_within_ten_minutes_records_one_row(ada: User) -> None:
    """By any server; the interval counts from the recorded join."""
    document_id, now = ids.new_id(), clock.now()
    for minutes in (0, 5, 9.9, 10, 19, 21):
        joins_record([Join(document_id, ada.pk, now + timedelta(minutes=minutes))])
    assert trail(document_id) == [("joined", ada.username, {})] * 3
    assert timedelta(minutes=10) == READ_RECORD_INTERVAL


@pytest.mark.django_db
def test_joins_record_batch_records_each_person_and_document_once(ada: User) -> None:
    """One batch: two people, two documents, one of them twice, and an account that is gone."""
    first, second, now, grace = ids.new_id(), ids.new_id(), clock.now(), make_user()
    keys = [(first, ada.pk), (first, grace.pk), (second, ada.pk), (first, ada.pk), (first, 0)]
    assert joins_record([Join(document, user, now) for document, user in keys]) == 3
    assert [row[1] for row in trail(first)] == [ada.username, grace.username]
    assert joins_record([]) == 0


@pytest.mark.django_db(transaction=True)
def test_joins_record_servers_at_once_record_one_row() -> None:
    """Each server has its own memory; the advisory lock decides."""
    document_id, ada, start = ids.new_id(), make_user(), threading.Barrier(3)

    def record() -> None:
        start.wait()
        try:
            joins_record([Join(document_id, ada.pk, clock.now())])
        finally:
            connection.close()

    threads = [threading.Thread(target=record) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(trail(document_id)) == 1
