"""The time, in one place, so that a test can put another clock in."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, aware, in UTC, cut to milliseconds as MongoDB stores it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
