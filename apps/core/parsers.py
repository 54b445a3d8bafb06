"""The JSON bodies of the REST interface, bounded before they are read."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils.json import strict_constant

from apps.core.errors import LimitExceededError


class BodyTooLargeError(LimitExceededError):
    """The body is longer than ``REST_BODY_BYTES``."""

    code = "body_too_large"


class BoundedJSONParser(JSONParser):
    """JSON in UTF-8 (RFC 8259), of at most ``REST_BODY_BYTES``.

    DRF's own reads a body of any length, in any codec that a caller names, and answers 500 to one
    that is absurdly deep.
    """

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
                f"A body has at most {limit} bytes.",
                extra={"limit": "REST_BODY_BYTES", "value": limit},
            )
        try:
            return json.loads(raw.decode(), parse_constant=strict_constant)
        except ValueError as err:
            raise ParseError(f"JSON parse error - {err}") from err
        except RecursionError as err:
            raise ParseError("JSON parse error - nested too deep") from err
