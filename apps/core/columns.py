"""Columns of values as compressed JSON behind a form number, with times in milliseconds. Pure.

Rows that hold many small values store them by column: equal and similar values stand side by side,
so they compress well, and one column can be read without building objects from the others.
"""

import json
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def columns_encode(columns: Iterable[Any], *, form: int, level: int) -> bytes:
    """Return columns as bytes; ``form`` numbers their layout, ``level`` is that of zlib."""
    text = json.dumps([form, *columns], separators=(",", ":"))
    return zlib.compress(text.encode(), level)


def columns_decode(blob: bytes, *, form: int) -> list[Any]:
    """Return the columns of ``columns_encode``. Raises ``ValueError`` for damage, or another form.

    The columns themselves are not checked.
    """
    columns: list[Any]
    try:
        found, *columns = json.loads(zlib.decompress(blob))
    except (zlib.error, TypeError) as err:
        raise ValueError(str(err)) from err
    if found != form:
        raise ValueError(f"form {found}")
    return columns


def epoch_ms(at: datetime) -> int:
    """Return a time as whole milliseconds since 1970."""
    return (at - _EPOCH) // _MILLISECOND


def datetime_of_ms(milliseconds: int) -> datetime:
    """Return the UTC time of ``epoch_ms``. Raises ``OverflowError`` beyond the year 9999."""
    return _EPOCH + milliseconds * _MILLISECOND
