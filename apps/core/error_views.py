"""The responses of Django's error handlers: JSON under ``/api/``, else pages."""

import sys
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults

from apps.core.api.errors import STORAGE_ERRORS

API_PREFIX = "/api/"
#: ``Retry-After`` of a page whose storage is unavailable, in seconds; the page reloads itself.
RETRY_AFTER_S = 5


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 where no path matches."""
    if request.path.startswith(API_PREFIX):
        return _json("not_found", "There is nothing here.", 404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 for unavailable storage; details are in the log, not in the response."""
    if isinstance(sys.exception(), STORAGE_ERRORS):
        return _unavailable(request)
    if request.path.startswith(API_PREFIX):
        return _json("server_error", "Something went wrong on the server.", 500)
    return defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 where Django refuses a request before any view sees it."""
    if request.path.startswith(API_PREFIX):
        return _json("bad_request", "This request is not right.", 400)
    return defaults.bad_request(request, exception)


def _unavailable(request: HttpRequest) -> HttpResponse:
    response: HttpResponse
    if request.path.startswith(API_PREFIX):
        response = _json("unavailable", "A storage service is away. Try again shortly.", 503)
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _json(code: str, detail: str, status: int) -> JsonResponse:
    body: dict[str, Any] = {"code": code, "detail": detail, "extra": {}}
    return JsonResponse(body, status=status)
