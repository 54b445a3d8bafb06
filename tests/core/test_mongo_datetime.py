"""Datetimes as text, in Python and in the database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import mongoengine
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.mongo_datetime import MongoDateTimeField, datetime_read, datetime_text

MOMENTS = st.datetimes(
    min_value=datetime(1000, 1, 2),
    max_value=datetime(9999, 12, 30),
    timezones=st.integers(-720, 720).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
FIRST = datetime(2026, 11, 24, 3, 13, 43, 471_000, UTC)


class Thing(mongoengine.Document):  # type: ignore[misc]
    """An entity with a datetime."""

    id = mongoengine.fields.StringField(primary_key=True)
    at = MongoDateTimeField()
    meta = {"collection": "test_moments"}


@pytest.fixture
def things() -> Iterator[Any]:
    """Return five entities, a millisecond apart."""
    for number in range(5):
        Thing(id=str(number), at=FIRST + timedelta(milliseconds=number)).save()
    yield Thing.objects
    Thing.drop_collection()


def ids(things: Any) -> list[str]:
    """Return the ids in order."""
    return [thing.id for thing in things]


def test_datetime_text_is_iso_8601_in_basic_format() -> None:
    """Other programs can read it."""
    assert datetime_text(FIRST) == "20261124T031343.471Z"


@given(MOMENTS)
def test_datetime_text_is_parsed_to_the_millisecond(moment: datetime) -> None:
    """From any zone, in UTC."""
    read = datetime_read(datetime_text(moment))
    assert read.tzinfo is UTC
    assert timedelta(0) <= moment - read < timedelta(milliseconds=1)


@given(MOMENTS, MOMENTS)
def test_datetime_text_sorts_as_time_does(one: datetime, other: datetime) -> None:
    """To the millisecond."""
    earlier, later = sorted([one, other])
    assert datetime_text(earlier) <= datetime_text(later)
    if later - earlier >= timedelta(milliseconds=1):
        assert datetime_text(earlier) < datetime_text(later)


def test_datetimes_in_the_database_compare_to_the_millisecond(things: Any) -> None:
    """One dialect compares text that looks like ``2026-11-24T…`` by whole seconds."""
    third = FIRST + timedelta(milliseconds=2)
    assert ids(things(at__lt=third).order_by("-at")) == ["1", "0"]
    assert ids(things(at__gt=third).order_by("at")) == ["3", "4"]
    assert ids(things(at__lte=third).order_by("at")) == ["0", "1", "2"]
    assert ids(things(at=third)) == ["2"]


def test_datetimes_set_by_an_update_sort_with_the_others(things: Any) -> None:
    """The reason why they are not BSON dates."""
    things(id="0").update(set__at=FIRST + timedelta(milliseconds=10))
    assert ids(things.order_by("at")) == ["1", "2", "3", "4", "0"]
    assert things.get(id="0").at == FIRST + timedelta(milliseconds=10)


@pytest.mark.parametrize("value", [5, FIRST.replace(tzinfo=None)])
def test_datetime_field_refuses_anything_except_for_an_aware_datetime(value: object) -> None:
    """A datetime without a time zone is ambiguous."""
    with pytest.raises(mongoengine.errors.ValidationError):
        Thing(id="x", at=value).save()
