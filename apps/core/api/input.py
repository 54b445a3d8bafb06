"""Validates input by serializers, and the cursors of paged lists."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from apps.core import errors


class CursorInvalidError(errors.InvalidInputError):
    """The cursor was not made by this list."""

    code = "invalid_cursor"


def validated(serializer: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """Return the validated ``data`` of a serializer; raise DRF's ``ValidationError`` (400)."""
    instance = serializer(data=data)
    instance.is_valid(raise_exception=True)
    return dict(instance.validated_data)


class StrictCursorPagination(CursorPagination):
    """DRF's cursor pages; a cursor that the database cannot read answers 400, not 500."""

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Return one page; raise ``CursorInvalidError``."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError, DataError) as err:
            raise CursorInvalidError(
                "This cursor is not of this list. Start from the first page."
            ) from err
