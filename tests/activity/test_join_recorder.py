"""Who opens a document is recorded once in a while, beside the way in."""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection

from apps.accounts.models import User
from apps.activity import join_recorder, subscriptions
from apps.activity.join_recorder import JoinRecorder
from apps.activity.services import JOIN_AGAIN, Join, joins_record
from apps.collab.events import SessionJoined, session_joined
from apps.core import clock, ids, metrics
from tests.accounts.factories import make_user
from tests.activity.trail import trail

DOCUMENT = "0b6f3a52-5d3c-4a3e-9a0e-1d9c3c5f7a11"


class Book:
    """Takes down what a recorder hands over; refuses it while ``is_away``."""

    def __init__(self) -> None:
        self.batches: list[list[Join]] = []
        self.is_away = False
        self.asked = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def take(self, joins: Sequence[Join]) -> None:
        """Take a batch down, once the book is open."""
        self.asked.set()
        self.open.wait()
        self.batches.append(list(joins))
        if self.is_away:
            raise DatabaseError("away")

    @property
    def users(self) -> list[int]:
        """Return who came, in order."""
        return [join.user_id for batch in self.batches for join in batch]


@pytest.fixture
def book() -> Book:
    """Return an empty book."""
    return Book()


@pytest.fixture
def moment() -> SimpleNamespace:
    """Return a clock that a test moves: ``moment.s``, in seconds."""
    return SimpleNamespace(s=0.0)


@pytest.fixture
def recorder(book: Book, moment: SimpleNamespace) -> Iterator[JoinRecorder]:
    """Return a recorder that writes into the book."""
    recorder = JoinRecorder(book.take, now=lambda: float(moment.s))
    yield recorder
    book.open.set()
    recorder.close()


def test_person_who_comes_again_soon_is_noted_once(
    recorder: JoinRecorder, book: Book, moment: SimpleNamespace
) -> None:
    """After ten minutes again; another person, or another document, is another matter."""
    assert recorder.note(document_id=DOCUMENT, user_id=1)
    moment.s = 599.0
    assert not recorder.note(document_id=DOCUMENT, user_id=1)
    assert recorder.note(document_id=DOCUMENT, user_id=2)
    assert recorder.note(document_id=ids.new_id(), user_id=1)
    moment.s = 600.0
    assert recorder.note(document_id=DOCUMENT, user_id=1)
    recorder.close()
    assert book.users == [1, 2, 1, 1]


def test_way_in_waits_for_nothing_and_what_waits_is_bounded(
    recorder: JoinRecorder, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL does not answer while a crowd comes; those too many are counted, and forgotten."""
    monkeypatch.setattr(join_recorder, "WAITING", 3)
    lost = metrics.ACTIVITY_LOST.labels(kind="joined")
    before = lost._value.get()
    book.open.clear()
    recorder.note(document_id=DOCUMENT, user_id=0)
    assert book.asked.wait(10)
    noted = [recorder.note(document_id=DOCUMENT, user_id=user) for user in range(1, 6)]
    assert noted == [True, True, True, False, False]
    assert lost._value.get() == before + 2
    book.open.set()
    recorder.close()
    assert book.users == [0, 1, 2, 3]


def test_crowd_goes_to_postgresql_in_few_turns(recorder: JoinRecorder, book: Book) -> None:
    """All that waits is one transaction."""
    book.open.clear()
    for user in range(100):
        recorder.note(document_id=DOCUMENT, user_id=user)
    book.open.set()
    recorder.close()
    assert sorted(book.users) == list(range(100))
    assert len(book.batches) <= 3


def test_failure_is_logged_and_the_next_one_who_comes_is_recorded(
    recorder: JoinRecorder, book: Book, caplog: pytest.LogCaptureFixture
) -> None:
    """Also the same person, who was not recorded."""
    book.is_away = True
    recorder.note(document_id=DOCUMENT, user_id=1)
    recorder._thread.submit(lambda: None).result()
    assert "1 joins not recorded" in caplog.text
    book.is_away = False
    assert recorder.note(document_id=DOCUMENT, user_id=1)
    recorder.close()
    assert book.users == [1, 1]


def test_memory_is_bounded(
    recorder: JoinRecorder, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who came longest ago is forgotten; PostgreSQL knows."""
    monkeypatch.setattr(join_recorder, "REMEMBERED", 5)
    for user in range(20):
        recorder.note(document_id=DOCUMENT, user_id=user)
    assert len(recorder._noted_at) == 5
    assert recorder.note(document_id=DOCUMENT, user_id=0)


def test_event_of_a_room_is_noted_and_never_raises(
    book: Book, recorder: JoinRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even at the end of a process, when no thread begins any more."""
    monkeypatch.setattr(subscriptions, "_joins", recorder)
    session_joined.publish(SessionJoined(DOCUMENT, "7"))
    recorder.close()
    assert book.users == [7]
    session_joined.publish(SessionJoined(DOCUMENT, "8"))
    session_joined.publish(SessionJoined(DOCUMENT, "nobody"))


# --- in PostgreSQL ---


@pytest.fixture
def ada() -> User:
    """Return somebody."""
    return make_user()


@pytest.mark.django_db
def test_join_is_recorded_unless_it_was_lately(ada: User) -> None:
    """By any server; the pause counts from the one that was recorded."""
    document_id, now = ids.new_id(), clock.now()
    for minutes in (0, 5, 9.9, 10, 19, 21):
        joins_record([Join(document_id, ada.pk, now + timedelta(minutes=minutes))])
    assert trail(document_id) == [("joined", ada.username, {})] * 3
    assert timedelta(minutes=10) == JOIN_AGAIN


@pytest.mark.django_db
def test_joins_of_many_are_told_apart(ada: User) -> None:
    """One batch: two people, two documents, one of them twice, and an account that is gone."""
    first, second, now, grace = ids.new_id(), ids.new_id(), clock.now(), make_user()
    places = [(first, ada.pk), (first, grace.pk), (second, ada.pk), (first, ada.pk), (first, 0)]
    assert joins_record([Join(document, user, now) for document, user in places]) == 3
    assert [row[1] for row in trail(first)] == [ada.username, grace.username]
    assert joins_record([]) == 0


@pytest.mark.django_db(transaction=True)
def test_servers_that_let_the_same_person_in_at_once_record_it_once() -> None:
    """Each one has its own memory; the lock decides."""
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
