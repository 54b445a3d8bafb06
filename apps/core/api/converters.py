"""Converters of path parameters."""

from django.urls import register_converter
from django.urls.converters import IntConverter

from apps.core.api.fields import MAX_INTEGER


class BoundedIntConverter(IntConverter):
    """An integer; one beyond ``MAX_INTEGER`` is read as that, which nothing has (404).

    The databases cannot compare with an integer beyond 64 bits.
    """

    def to_python(self, value: str) -> int:
        """Return the integer."""
        return min(int(value), MAX_INTEGER)


def converters_register() -> None:
    """Register ``<number:…>`` for paths; called before the first one."""
    register_converter(BoundedIntConverter, "number")
