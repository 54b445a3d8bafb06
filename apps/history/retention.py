"""Retention of automatic versions: all of them while young, fewer as they age. Pure.

Hours, days and weeks are counted in UTC from 1970, days of 24 hours and weeks of seven such days.
Each lies within the next longer one, so the result of a run does not depend on earlier runs.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from apps.core.errors import InvalidInputError

HOUR_S = 3_600
DAY_S = 24 * HOUR_S
WEEK_S = 7 * DAY_S
#: Longest age of a density, in seconds: a hundred years.
KEEP_MAX_S = 100 * 366 * DAY_S


class KeepError(InvalidInputError):
    """The ages of the densities do not rise, or are no numbers of seconds."""

    code = "keep"


@dataclass(frozen=True, slots=True)
class KeepPolicy:
    """The age, in seconds, up to which all automatic versions are kept, one an hour, one a day.

    Older versions are kept one a week, without end. Raises ``KeepError`` unless the ages rise.
    """

    all_s: int = DAY_S
    hourly_s: int = WEEK_S
    daily_s: int = 30 * DAY_S

    def __post_init__(self) -> None:
        if not 0 <= self.all_s <= self.hourly_s <= self.daily_s <= KEEP_MAX_S:
            raise KeepError(
                "Versions are kept all, then hourly, then daily: three ages in seconds that rise.",
                extra={"keep": asdict(self), "max_s": KEEP_MAX_S},
            )

    def period_s(self, age_s: float) -> int:
        """Return the period of which one version is kept at this age, 0 if all are kept."""
        if age_s < self.all_s:
            return 0
        if age_s < self.hourly_s:
            return HOUR_S
        return DAY_S if age_s < self.daily_s else WEEK_S


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """The fields of a version on which its retention depends.

    ``stays`` is true for a named version, and for that of a compaction point.
    """

    number: int
    seq: int
    created_at: datetime
    stays: bool = False


def versions_to_drop(
    versions: Iterable[VersionInfo], *, now: datetime, policy: KeepPolicy
) -> list[int]:
    """Return the numbers of the versions that a policy deletes, in rising order.

    The first and the last version stay, by number and by seq, and those with ``stays``. Any other
    version is deleted when a later one lies in its hour, day or week, regardless of its age.
    """
    ordered = sorted(versions, key=lambda version: (version.seq, version.number))
    latest = {
        (period_s, _period(version, period_s)): version.number
        for version in ordered
        if not version.stays
        for period_s in (HOUR_S, DAY_S, WEEK_S)
    }
    kept = _always_kept(ordered)
    for version in ordered:
        period_s = policy.period_s((now - version.created_at).total_seconds())
        if not period_s or latest.get((period_s, _period(version, period_s))) == version.number:
            kept.add(version.number)
    return sorted(version.number for version in ordered if version.number not in kept)


def _period(version: VersionInfo, period_s: int) -> int:
    return int(version.created_at.timestamp()) // period_s


def _always_kept(ordered: list[VersionInfo]) -> set[int]:
    """Return the numbers that are kept at any age; a deleted last number could be given again."""
    if not ordered:
        return set()
    numbers = [version.number for version in ordered]
    ends = {ordered[0].number, ordered[-1].number, min(numbers), max(numbers)}
    return ends | {version.number for version in ordered if version.stays}
