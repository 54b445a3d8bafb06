"""Converters of path parameters."""

from django.urls import register_converter
from django.urls.converters import IntConverter


class BoundedIntConverter(IntConverter):
    """An integer of at most 15 digits; a path with a longer one leads nowhere (404).

    The databases cannot compare with an integer beyond 64 bits.
    """

    regex = "[0-9]{1,15}"


def converters_register() -> None:
    """Register ``<number:…>`` for paths; called before the first one."""
    register_converter(BoundedIntConverter, "number")
