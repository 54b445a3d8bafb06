"""What counts as one session of writing."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.activity.writing_sessions import PAUSE, WritingSession, writing_sessions_fold
from apps.oplog.selectors import LogWrite

START = datetime(2026, 11, 25, 12, tzinfo=UTC)


def writes(*marks: tuple[str, float]) -> list[LogWrite]:
    """Return a log: who wrote, at which minute."""
    return [
        LogWrite(seq, author, START + timedelta(minutes=minute))
        for seq, (author, minute) in enumerate(marks, start=1)
    ]


def told(sessions: list[WritingSession]) -> list[tuple[str, int, int, int]]:
    """Return author, first and last seq, and number of operations of each session."""
    return [(each.author_id, each.first_seq, each.last_seq, each.operations) for each in sessions]


def test_author_who_writes_on_has_one_session() -> None:
    """However long it gets, as long as no pause is ten minutes."""
    going, over = writing_sessions_fold([], writes(*(("1", 9.9 * turn) for turn in range(50))))
    assert (told(going), over) == ([("1", 1, 50, 50)], [])
    assert going[0].last_at - going[0].began_at > timedelta(hours=8)


def test_pause_of_ten_minutes_begins_another_session() -> None:
    """Of the same author; exactly ten are enough."""
    going, over = writing_sessions_fold([], writes(("1", 0), ("1", 5), ("1", 15)))
    assert (told(over), told(going)) == ([("1", 1, 2, 2)], [("1", 3, 3, 1)])


def test_authors_who_take_turns_have_a_session_each() -> None:
    """The pause of one is no pause of the other."""
    going, over = writing_sessions_fold(
        [], writes(("1", 0), ("2", 1), ("2", 9), ("1", 10), ("2", 12))
    )
    assert told(over) == [("1", 1, 1, 1)]
    assert sorted(told(going)) == [("1", 4, 4, 1), ("2", 2, 5, 3)]


def test_clock_that_goes_back_ends_nothing() -> None:
    """Two servers need not agree to the second."""
    going, over = writing_sessions_fold([], writes(("1", 5), ("1", 3), ("1", 14)))
    assert (told(going), over) == ([("1", 1, 3, 3)], [])


def test_session_is_over_once_the_pause_is_long_enough() -> None:
    """Not a moment earlier."""
    (session,), _ = writing_sessions_fold([], writes(("1", 0)))
    assert session.is_over(START + PAUSE)
    assert not session.is_over(START + PAUSE - timedelta(milliseconds=1))


@given(st.lists(st.tuples(st.sampled_from("123"), st.integers(0, 12)), max_size=60), st.data())
def test_result_is_the_same_however_the_log_is_cut(
    steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Also when what goes on is stored and read in between."""
    minute, marks = 0, []
    for author, pause in steps:
        minute += pause
        marks.append((author, float(minute)))
    log = writes(*marks)
    whole_going, whole_over = writing_sessions_fold([], log)
    going: list[WritingSession] = []
    over: list[WritingSession] = []
    while log:
        cut = data.draw(st.integers(1, len(log)))
        stored = [WritingSession.from_json(session.to_json()) for session in going]
        going, ended = writing_sessions_fold(stored, log[:cut])
        over += ended
        log = log[cut:]
    assert going == whole_going
    assert over == whole_over
    assert sum(session.operations for session in [*going, *over]) == len(marks)
