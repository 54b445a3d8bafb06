"""Serializer fields that every app shares."""

from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core import base64
from apps.core.errors import InvalidInputError

#: The largest integer that JavaScript, MongoDB and PostgreSQL all have.
MAX_INTEGER: Final = 2**53 - 1


class BoundedIntegerField(serializers.IntegerField):
    """An integer of a request, at most ``MAX_INTEGER`` unless the field has a maximum.

    A larger one is no seq and no number of anything, and the databases cannot compare with it.
    """

    def __init__(self, *, max_value: int = MAX_INTEGER, min_value: int = 0, **kwargs: Any) -> None:
        super().__init__(max_value=max_value, min_value=min_value, **kwargs)


@extend_schema_field(OpenApiTypes.BYTE)
class Base64Field(serializers.Field[bytes, str, str, Any]):
    """Bytes as base64 text, of either alphabet, with padding or without."""

    default_error_messages = {"base64": "This is not base64."}

    def to_internal_value(self, data: Any) -> bytes:
        """Return the bytes that the text stands for."""
        if not isinstance(data, str):
            self.fail("base64")
        try:
            return base64.decode(data)
        except InvalidInputError:
            self.fail("base64")

    def to_representation(self, value: bytes) -> str:
        """Return standard base64 with padding."""
        return base64.encode(value)
