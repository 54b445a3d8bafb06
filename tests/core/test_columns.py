"""Columns as compressed JSON: read as they were written, or an error."""

import zlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.columns import columns_decode, columns_encode, datetime_of_ms, epoch_ms

BLOB = columns_encode([[1, 2], ["a", "ü"], {"7": []}], form=3, level=9)


def test_columns_are_compressed_json_behind_their_form() -> None:
    """Without spaces, in ASCII."""
    assert zlib.decompress(BLOB) == b'[3,[1,2],["a","\\u00fc"],{"7":[]}]'
    assert columns_decode(BLOB, form=3) == [[1, 2], ["a", "ü"], {"7": []}]


@pytest.mark.parametrize(
    ("blob", "reason"),
    [
        (b"", "incomplete or truncated"),
        (b"rubbish", "incorrect header"),
        (BLOB[:-3], "incomplete or truncated"),
        (zlib.compress(b"{"), "Expecting property name"),
        (zlib.compress(b"7"), "cannot unpack"),
        (zlib.compress(b"[]"), "not enough values"),
        (zlib.compress(b"[2,1]"), "form 2"),
    ],
)
def test_columns_that_cannot_be_read_raise(blob: bytes, reason: str) -> None:
    """Damaged bytes, JSON of another shape, and columns of another form."""
    with pytest.raises(ValueError, match=reason):
        columns_decode(blob, form=3)


@given(st.datetimes(datetime(1900, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)))
def test_time_is_kept_to_the_millisecond(at: datetime) -> None:
    """Microseconds are cut off, also before 1970."""
    whole = at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert datetime_of_ms(epoch_ms(at)) == whole


def test_time_of_another_zone_is_the_same_moment() -> None:
    """Read back in UTC."""
    at = datetime(2026, 11, 24, 3, 13, 0, 7_000, tzinfo=timezone(timedelta(hours=2)))
    assert epoch_ms(at) == 1_795_482_780_007
    assert datetime_of_ms(epoch_ms(at)).isoformat() == "2026-11-24T01:13:00.007000+00:00"
