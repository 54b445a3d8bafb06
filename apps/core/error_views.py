"""The answers of Django's own error handlers: the one JSON shape under ``/api/``, pages else."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

API_PREFIX = "/api/"


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 where no path matches."""
    if request.path.startswith(API_PREFIX):
        return _json("not_found", "There is nothing here.", 404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500; what happened stands in the log, not in the answer."""
    if request.path.startswith(API_PREFIX):
        return _json("server_error", "Something went wrong on the server.", 500)
    return defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 where Django refuses a request before any view sees it."""
    if request.path.startswith(API_PREFIX):
        return _json("bad_request", "This request is not right.", 400)
    return defaults.bad_request(request, exception)


def _json(code: str, detail: str, status: int) -> JsonResponse:
    body: dict[str, Any] = {"code": code, "detail": detail, "extra": {}}
    return JsonResponse(body, status=status)
