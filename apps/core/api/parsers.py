"""Parsers of JSON bodies and forms with a limit on their size."""

import json
from collections.abc import Mapping
from typing import IO, Any, Final, Self

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.json import strict_constant

from apps.core.errors import LimitExceededError
from apps.core.sizes import size_text

#: Size of the fields of a form beside its file, in bytes.
_FIELDS_BYTES: Final = 64 * 1024


class BodyTooLargeError(LimitExceededError):
    """The body is longer than ``REST_BODY_BYTES``."""

    code = "body_too_large"


class FormTooLargeError(LimitExceededError):
    """The form is longer than its file may be and its other fields."""

    @classmethod
    def of_setting(cls, name: str) -> Self:
        """Return the error with the limit as it is set."""
        limit: int = getattr(settings, name)
        return cls(
            f"A file has at most {size_text(limit)} here.", extra={"limit": name, "value": limit}
        )


class BoundedJSONParser(BaseParser):
    """JSON in UTF-8 (RFC 8259), of at most ``REST_BODY_BYTES``.

    DRF's own parser reads a body in any codec that the client names, and answers 500 to one that is
    nested too deep. For its subclasses DRF reads the whole body before, of which Django takes
    2.5 MiB.
    """

    media_type = "application/json"
    renderer_class = JSONRenderer  # of the forms of the browsable API

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what the body holds. Raises ``ParseError``, ``BodyTooLargeError``."""
        limit = settings.REST_BODY_BYTES
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise BodyTooLargeError(
                f"A body has at most {size_text(limit)}.",
                extra={"limit": "REST_BODY_BYTES", "value": limit},
            )
        try:
            return json.loads(raw.decode(), parse_constant=strict_constant)
        except ValueError as err:
            raise ParseError(f"JSON parse error - {err}") from err
        except RecursionError as err:
            raise ParseError("JSON parse error - nested too deep") from err


class BoundedMultiPartParser(MultiPartParser):
    """A form with a file of at most ``limit``.

    DRF's own parser reads a form of any length.
    """

    #: The setting with the longest file, in bytes.
    limit = "IMPORT_OFFICE_MAX_BYTES"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> "DataAndFiles[Any, Any]":
        """Return what the form holds. Raises ``ParseError``, ``FormTooLargeError``."""
        request = (parser_context or {})["request"]
        most: int = getattr(settings, self.limit) + _FIELDS_BYTES
        if int(request.META.get("CONTENT_LENGTH") or 0) > most:
            raise FormTooLargeError.of_setting(self.limit)
        try:
            return super().parse(stream, media_type, parser_context)
        except RequestDataTooBig as err:
            raise FormTooLargeError.of_setting(self.limit) from err
