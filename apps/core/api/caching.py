"""Caching of answers: those of the REST interface are one person's, and no cache may share them."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

_API = "/api/"


def private_by_default(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Return the middleware.

    A browser asks again before it uses what it has (``ETag``), a proxy stores nothing. An answer
    that has a ``Cache-Control`` of its own keeps it.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.path_info.startswith(_API):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return answer
