"""Range requests (RFC 9110, 14): one range of bytes of a representation. Pure."""

import re
from typing import Final, NamedTuple

from apps.core.errors import RangeError

_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


class Span(NamedTuple):
    """A range of bytes: the first one, and their number."""

    start: int
    length: int


class RangeNotSatisfiableError(RangeError):
    """The range begins after the last byte."""


def range_read(header: str, *, size: int, if_range: str, etag: str) -> Span | None:
    """Return the range that a request asks for; None for the whole, or for several ranges.

    ``if_range`` is the ETag of which the caller has a part. Raises ``RangeNotSatisfiableError``.
    """
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or (if_range and if_range != etag) or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:  # the last bytes
        length = min(int(last), size)
        return _checked(Span(size - length, length), size)
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < int(first):
        return None
    return _checked(Span(int(first), end - int(first) + 1), size)


def _checked(span: Span, size: int) -> Span:
    if span.length <= 0 or span.start >= size:
        raise RangeNotSatisfiableError("This file has no such bytes.", extra={"size": size})
    return span
