"""Lists that go back from the latest: a page, and the address of the one before it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from rest_framework.request import Request

Row = TypeVar("Row")


def page_of(
    request: Request,
    rows: Sequence[Row],
    *,
    limit: int,
    place: Callable[[Row], int],
    **query: object,
) -> tuple[Sequence[Row], str | None]:
    """Return the first ``limit`` rows, and where the next ones are, None behind the last.

    ``rows`` are one more than the limit where there are more; ``place`` says where one stands,
    which the address has as ``before``, beside ``limit`` and the rest of the ``query``.
    """
    page = rows[:limit]
    if len(rows) <= limit:
        return page, None
    words: dict[str, Any] = {"before": place(page[-1]), "limit": limit, **query}
    return page, f"{request.build_absolute_uri(request.path)}?{urlencode(words)}"
