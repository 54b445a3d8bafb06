"""The interval of commits: none for few edits, then with their rate, up to the longest one."""

import itertools

import pytest

from apps.collab.commit_pacing import DENSE_PER_S, SPARSE_PER_S, CommitPacing

LONGEST_S = 0.01


def paced(per_s: float, *, pacing: CommitPacing | None = None, begin: float = 0.0) -> CommitPacing:
    """Return the pacing after three seconds with so many appends in each."""
    pacing = pacing or CommitPacing(longest_s=LONGEST_S)
    for number in range(round(3 * per_s)):
        pacing.note_append(begin + number / per_s)
    return pacing


@pytest.mark.parametrize("per_s", [1, 10, 50, 0.95 * SPARSE_PER_S])
def test_few_edits_never_wait(per_s: float) -> None:
    """A person who types alone, and a key each 20 ms: not even right after a commit."""
    pacing = paced(per_s)
    pacing.note_commit(3.0)
    assert pacing.interval_s(3.0) == 0
    assert pacing.wait_s(3.0) == 0


@pytest.mark.parametrize("per_s", [50, 100, 250, 400, 2_000])
def test_rate_is_that_of_the_last_moments(per_s: float) -> None:
    """Within a tenth, whatever was before."""
    assert paced(per_s).rate_per_s(3.0) == pytest.approx(per_s, rel=0.1)
    assert paced(per_s, pacing=paced(3_000), begin=3.0).rate_per_s(6.0) == pytest.approx(
        per_s, rel=0.2
    )


def test_interval_grows_with_the_rate_up_to_the_longest() -> None:
    """Never shorter for more edits."""
    intervals = [paced(per_s).interval_s(3.0) for per_s in (90, 120, 200, 300, 450, 5_000)]
    assert intervals[0] == 0
    assert all(fewer < more for fewer, more in itertools.pairwise(intervals[:5]))
    assert intervals[-2:] == [LONGEST_S, LONGEST_S]
    middle = (SPARSE_PER_S + DENSE_PER_S) / 2
    assert paced(middle).interval_s(3.0) == pytest.approx(LONGEST_S / 2, rel=0.2)


def test_commit_waits_for_the_rest_of_the_interval_only() -> None:
    """What came long after the last commit begins at once, at any rate."""
    pacing = paced(2_000)
    pacing.note_commit(3.0)
    assert pacing.wait_s(3.0) == pytest.approx(LONGEST_S)
    assert pacing.wait_s(3.004) == pytest.approx(0.006)
    assert pacing.wait_s(3.0 + LONGEST_S) == 0
    assert pacing.wait_s(4.0) == 0


def test_first_commit_of_a_process_waits_for_nothing() -> None:
    """Whatever its clock shows."""
    assert paced(2_000, begin=-5.0).wait_s(-2.0) == 0


def test_interval_ends_with_the_edits() -> None:
    """A second after the last one there is none."""
    pacing = paced(600)
    assert pacing.interval_s(3.0) == LONGEST_S
    assert 0 < pacing.interval_s(3.5) < LONGEST_S
    assert pacing.interval_s(4.0) == 0


def test_interval_of_zero_switches_the_pacing_off() -> None:
    """``COMMIT_INTERVAL_MS=0``."""
    pacing = paced(5_000, pacing=CommitPacing(longest_s=0.0))
    pacing.note_commit(3.0)
    assert pacing.wait_s(3.0) == 0


def test_many_edits_of_one_moment_are_no_overflow() -> None:
    """A clock that stands still or goes back harms nothing."""
    pacing = CommitPacing(longest_s=LONGEST_S)
    for number in range(10_000):
        pacing.note_append(-float(number))
    assert pacing.interval_s(-9_999.0) == LONGEST_S
