"""The time."""

from datetime import UTC, datetime, timedelta

from apps.core import clock


def test_now_is_aware_in_utc_and_in_whole_milliseconds() -> None:
    """What is stored reads back equal."""
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    moment = clock.now()
    assert before < moment <= datetime.now(UTC)
    assert moment.tzinfo is UTC
    assert moment.microsecond % 1000 == 0
