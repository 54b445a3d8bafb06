"""Datetimes in MongoDB: text of fixed width in UTC, like ``20261124T031343.471Z``.

They are not BSON dates, because one of the Mongo dialects converts a date to a string of its own
when an update sets it, and sorts it wrongly. They have no dashes and colons, because the same
dialect compares text that begins like ``2026-11-24`` by whole seconds. This text (ISO 8601, basic
format) sorts and compares as time does, in every dialect.
"""

from datetime import UTC, datetime
from typing import Any

from mongoengine.fields import StringField


def datetime_text(value: datetime) -> str:
    """Return an aware datetime as it is stored, cut to milliseconds."""
    utc = value.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds')}Z".replace("-", "").replace(":", "")


def datetime_read(text: str) -> datetime:
    """Return a stored datetime, aware, in UTC. Raises ``ValueError``."""
    return datetime.fromisoformat(text).astimezone(UTC)


class MongoDateTimeField(StringField):  # type: ignore[misc]
    """A field with an aware ``datetime`` in Python, sortable text in MongoDB."""

    def to_python(self, value: Any) -> Any:
        """Return the datetime of a stored text."""
        return datetime_read(value) if isinstance(value, str) else value

    def to_mongo(self, value: Any) -> Any:
        """Return the text of a datetime."""
        return datetime_text(value) if isinstance(value, datetime) else value

    def validate(self, value: Any) -> None:
        """Refuse anything except for an aware datetime."""
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.error("The value must be an aware datetime.")

    def prepare_query_value(self, op: str | None, value: Any) -> Any:
        """Return the text to compare with."""
        return self.to_mongo(value)
