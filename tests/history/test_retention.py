"""The versions that retention drops by age: as properties, and by the example of one year."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.history.retention import DAY_S, HOUR_S, KeepError, KeepPolicy, VersionInfo
from apps.history.retention import versions_to_drop as to_drop

NOW = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
POLICY = KeepPolicy()


def versions_of_ages(ages_s: list[int], named: set[int]) -> list[VersionInfo]:
    """Return versions of these ages, the oldest first; ``named`` has the indexes of named ones."""
    return [
        VersionInfo(
            number=index + 1,
            seq=10 * index,
            created_at=NOW - timedelta(seconds=age_s),
            stays=index in named,
        )
        for index, age_s in enumerate(sorted(ages_s, reverse=True))
    ]


def left(versions: list[VersionInfo], now: datetime, policy: KeepPolicy) -> list[VersionInfo]:
    """Return the versions that remain."""
    dropped = set(to_drop(versions, now=now, policy=policy))
    return [version for version in versions if version.number not in dropped]


versions_of_a_year = st.builds(
    versions_of_ages,
    st.lists(st.integers(0, 400 * DAY_S), max_size=60),
    st.sets(st.integers(0, 59), max_size=5),
)
policies = st.lists(st.integers(0, 100 * DAY_S), min_size=3, max_size=3).map(
    lambda ages: KeepPolicy(*sorted(ages))
)


@given(versions_of_a_year, policies)
def test_first_latest_named_and_young_versions_stay(
    versions: list[VersionInfo], policy: KeepPolicy
) -> None:
    """With any policy."""
    kept = left(versions, NOW, policy)
    for index, version in enumerate(versions):
        age_s = (NOW - version.created_at).total_seconds()
        if version.stays or index in (0, len(versions) - 1) or age_s < policy.all_s:
            assert version in kept


@given(versions_of_a_year, policies)
def test_each_hour_day_and_week_keeps_its_latest_and_no_other(
    versions: list[VersionInfo], policy: KeepPolicy
) -> None:
    """Named versions stay in addition."""
    kept = left(versions, NOW, policy)
    for index, version in enumerate(versions[1:-1], start=1):
        period_s = policy.period_s((NOW - version.created_at).total_seconds())
        if period_s and not version.stays:
            begun = int(version.created_at.timestamp()) // period_s
            later = [
                other
                for other in versions[index + 1 :]
                if not other.stays and int(other.created_at.timestamp()) // period_s == begun
            ]
            assert (version in kept) == (not later)


@given(versions_of_a_year, policies, st.integers(0, 400 * DAY_S))
def test_result_does_not_depend_on_earlier_runs(
    versions: list[VersionInfo], policy: KeepPolicy, later_s: int
) -> None:
    """A daily and a yearly run keep the same; a second run at once drops nothing."""
    later = NOW + timedelta(seconds=later_s)
    in_two_runs = left(left(versions, NOW, policy), later, policy)
    assert in_two_runs == left(versions, later, policy)
    assert left(in_two_runs, later, policy) == in_two_runs


def test_year_of_a_version_every_quarter_of_an_hour() -> None:
    """All of the last day, hourly for a week, daily for a month, then weekly."""
    versions = versions_of_ages([900 * number for number in range(4 * 24 * 365)], set())
    ages = [NOW - version.created_at for version in left(versions, NOW, POLICY)]

    def count(after: timedelta, up_to: timedelta) -> int:
        return sum(after <= age < up_to for age in ages)

    day = timedelta(days=1)
    assert count(0 * day, 1 * day) == 96
    assert count(1 * day, 7 * day) in range(6 * 24, 6 * 24 + 2)
    assert count(7 * day, 30 * day) in range(23, 23 + 2)
    assert count(30 * day, 366 * day) in range(47, 47 + 4)


def test_highest_number_stays_though_its_seq_is_low() -> None:
    """Otherwise its number would be reused, and caches identify a version by its number."""
    old = NOW - timedelta(days=99)
    versions = [VersionInfo(n, seq, old) for n, seq in ((1, 0), (2, 9), (3, 20), (4, 7))]
    assert to_drop(versions, now=NOW, policy=POLICY) == [2]


def test_document_without_versions_drops_none() -> None:
    """An interrupted import leaves such a document."""
    assert to_drop([], now=NOW, policy=POLICY) == []


@pytest.mark.parametrize(
    "ages", [(2, 1, 3), (1, 3, 2), (-1, 0, 0), (0, 0, 10**12)], ids=["all", "daily", "minus", "max"]
)
def test_policy_with_ages_that_do_not_increase_is_refused(ages: tuple[int, int, int]) -> None:
    """The error has the ages."""
    with pytest.raises(KeepError) as caught:
        KeepPolicy(*ages)
    assert caught.value.extra["keep"] == dict(
        zip(("all_s", "hourly_s", "daily_s"), ages, strict=True)
    )
    assert KeepPolicy(HOUR_S, HOUR_S, HOUR_S).period_s(HOUR_S) > HOUR_S
