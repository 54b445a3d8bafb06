"""The clock: the present time, in one place, so that a test can replace it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present time, aware, in UTC, cut to milliseconds as MongoDB stores it."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
