"""Which automatic versions are let go with time: densely kept while young, thinly when old. Pure.

Hours, days and weeks are those of UTC since 1970, a day of 24 hours and a week of seven of those
days. They lie within each other, so what one run keeps does not depend on the runs before it.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from apps.core.errors import InvalidInputError

HOUR_S = 3_600
DAY_S = 24 * HOUR_S
WEEK_S = 7 * DAY_S
#: The longest that anything is kept at a density, in seconds: a hundred years.
KEEP_MAX_S = 100 * 366 * DAY_S


class KeepError(InvalidInputError):
    """The densities are not in their order, or not numbers of seconds."""

    code = "keep"


@dataclass(frozen=True, slots=True)
class KeepPolicy:
    """Up to which age, in seconds, all automatic versions stay, then one an hour, then one a day.

    One a week stays for ever. Raises ``KeepError`` unless the ages rise.
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
        """Return of how long a time one version stays at this age, 0 where all do."""
        if age_s < self.all_s:
            return 0
        if age_s < self.hourly_s:
            return HOUR_S
        return DAY_S if age_s < self.daily_s else WEEK_S


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """What is to be known of a version to keep it or let it go.

    ``stays`` for one that somebody named, and for the one that a compacted log begins with.
    """

    number: int
    seq: int
    created_at: datetime
    stays: bool = False


def versions_to_drop(
    versions: Iterable[VersionInfo], *, now: datetime, policy: KeepPolicy
) -> list[int]:
    """Return the numbers of the versions that a policy lets go, in rising order.

    The first and the latest stay, by number and by seq, and all that ``stays``. Of the others one
    goes when another of its hour, day or week is later, whatever the age of that one.
    """
    places = sorted(versions, key=lambda place: (place.seq, place.number))
    latest = {
        (period_s, _begun(place, period_s)): place.number
        for place in places
        if not place.stays
        for period_s in (HOUR_S, DAY_S, WEEK_S)
    }
    kept = _always_kept(places)
    for place in places:
        period_s = policy.period_s((now - place.created_at).total_seconds())
        if not period_s or latest.get((period_s, _begun(place, period_s))) == place.number:
            kept.add(place.number)
    return sorted(place.number for place in places if place.number not in kept)


def _begun(place: VersionInfo, period_s: int) -> int:
    return int(place.created_at.timestamp()) // period_s


def _always_kept(places: list[VersionInfo]) -> set[int]:
    """Return the numbers that no age lets go; a number that went could be given again."""
    if not places:
        return set()
    numbers = [place.number for place in places]
    ends = {places[0].number, places[-1].number, min(numbers), max(numbers)}
    return ends | {place.number for place in places if place.stays}
