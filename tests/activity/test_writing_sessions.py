"""Writing sessions: where one ends and the next begins."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.activity.writing_sessions import SESSION_PAUSE, WritingSession, writing_sessions_fold
from apps.oplog.selectors import LogWrite

START = datetime(2026, 11, 25, 12, tzinfo=UTC)


def writes(*marks: tuple[str, float]) -> list[LogWrite]:
    """Return a log of ``(author, minute)``."""
    return [
        LogWrite(seq, author, START + timedelta(minutes=minute))
        for seq, (author, minute) in enumerate(marks, start=1)
    ]


def ranges(sessions: list[WritingSession]) -> list[tuple[str, int, int, int]]:
    """Return author, first and last seq, and number of operations of each session."""
    return [
        (session.author_id, session.first_seq, session.last_seq, session.operations)
        for session in sessions
    ]


def test_author_who_writes_on_has_one_session() -> None:
    """Of any length, as long as no pause is ten minutes."""
    ongoing, ended = writing_sessions_fold([], writes(*(("1", 9.9 * turn) for turn in range(50))))
    assert (ranges(ongoing), ended) == ([("1", 1, 50, 50)], [])
    assert ongoing[0].last_at - ongoing[0].began_at > timedelta(hours=8)


def test_pause_of_ten_minutes_begins_another_session() -> None:
    """For the same author; exactly ten minutes are enough."""
    ongoing, ended = writing_sessions_fold([], writes(("1", 0), ("1", 5), ("1", 15)))
    assert (ranges(ended), ranges(ongoing)) == ([("1", 1, 2, 2)], [("1", 3, 3, 1)])


def test_authors_who_take_turns_have_a_session_each() -> None:
    """Pauses are counted for each author."""
    ongoing, ended = writing_sessions_fold(
        [], writes(("1", 0), ("2", 1), ("2", 9), ("1", 10), ("2", 12))
    )
    assert ranges(ended) == [("1", 1, 1, 1)]
    assert sorted(ranges(ongoing)) == [("1", 4, 4, 1), ("2", 2, 5, 3)]


def test_clock_that_goes_back_ends_no_session() -> None:
    """The clocks of two servers may differ."""
    ongoing, ended = writing_sessions_fold([], writes(("1", 5), ("1", 3), ("1", 14)))
    assert (ranges(ongoing), ended) == ([("1", 1, 3, 3)], [])


def test_session_is_over_once_the_pause_is_long_enough() -> None:
    """Not a millisecond earlier."""
    (session,), _ = writing_sessions_fold([], writes(("1", 0)))
    assert session.is_over(START + SESSION_PAUSE)
    assert not session.is_over(START + SESSION_PAUSE - timedelta(milliseconds=1))


@given(st.lists(st.tuples(st.sampled_from("123"), st.integers(0, 12)), max_size=60), st.data())
def test_fold_does_not_depend_on_how_the_log_is_split(
    steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Also when onongoing sessions are stored and read in between."""
    minute, marks = 0, []
    for author, pause in steps:
        minute += pause
        marks.append((author, float(minute)))
    log = writes(*marks)
    whole_ongoing, whole_ended = writing_sessions_fold([], log)
    ongoing: list[WritingSession] = []
    ended: list[WritingSession] = []
    while log:
        cut = data.draw(st.integers(1, len(log)))
        stored = [WritingSession.from_json(session.to_json()) for session in ongoing]
        ongoing, newly_ended = writing_sessions_fold(stored, log[:cut])
        ended += newly_ended
        log = log[cut:]
    assert ongoing == whole_ongoing
    assert ended == whole_ended
    assert sum(session.operations for session in [*ongoing, *ended]) == len(marks)
