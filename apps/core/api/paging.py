"""Lists that go back from the latest row: one page, and the address of the page before it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from rest_framework.request import Request
from rest_framework.response import Response

Row = TypeVar("Row")


def paged(
    request: Request,
    query: Mapping[str, Any],
    fetch: Callable[..., Sequence[Row]],
    *,
    key: Callable[[Row], int],
    bodies: Callable[[Sequence[Row]], Any],
) -> Response:
    """Answer with a page of a list: ``results``, and ``next``, null on the last page.

    ``query`` is the validated query string: ``limit``, ``before`` unless the first page is asked
    for, and options of this list, which ``next`` repeats. ``fetch(before=, limit=)`` reads the
    rows, the latest first; one row more than the page shows whether another page follows.
    ``key`` returns the value of a row that ``before`` refers to, ``bodies`` the page for JSON.
    """
    limit: int = query["limit"]
    rows = fetch(before=query.get("before"), limit=limit + 1)
    page = rows[:limit]
    following = None
    if len(rows) > limit:
        parameters = {"before": key(page[-1]), **_without_before(query)}
        following = f"{request.build_absolute_uri(request.path)}?{urlencode(parameters)}"
    return Response({"results": bodies(page), "next": following})


def _without_before(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if name != "before"}
