"""Cursors of lists of documents: the edge of a page, as text for an address.

A cursor has the ordering, the sort value and the lineage of an edge row, as base64url of JSON: it
is not secret, and is validated like all input.
"""

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from apps.core.api.input import CursorInvalidError
from apps.core.mongo_datetime import datetime_text
from apps.documents.listing import Edge
from apps.documents.selectors import order_of


@dataclass(frozen=True, slots=True)
class Cursor:
    """An edge of a page: sort value and lineage of its row, and the direction of the next page."""

    ordering: str
    value: str
    tie: str
    backward: bool


def cursor_encode(cursor: Cursor) -> str:
    """Return the cursor as URL-safe text."""
    raw = json.dumps(asdict(cursor), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def cursor_decode(text: str, *, ordering: str) -> Cursor:
    """Return the cursor that ``text`` holds; raise ``CursorInvalidError``."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = Cursor(**json.loads(raw))
    except (ValueError, TypeError, binascii.Error, RecursionError) as err:
        raise CursorInvalidError("This cursor is not valid. Start from the first page.") from err
    right_types = all(isinstance(text, str) for text in (cursor.value, cursor.tie))
    if not right_types or not isinstance(cursor.backward, bool) or cursor.ordering != ordering:
        raise CursorInvalidError("This cursor is not of this list. Start from the first page.")
    return cursor


def edge_of_cursor(cursor: Cursor) -> Edge:
    """Return the position of a cursor in its stored order; raise ``CursorInvalidError``."""
    field = order_of(cursor.ordering).field
    return Edge(_stored_value(field, cursor.value), cursor.tie)


def _stored_value(field: str, text: str) -> str:
    """Return a cursor's value in its stored form; raise ``CursorInvalidError``."""
    if field == "title_folded":
        return text
    try:
        moment = datetime.fromisoformat(text)
        return datetime_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as err:
        raise CursorInvalidError("This cursor is not valid. Start from the first page.") from err
