"""One JSON shape for every error of the REST interface.

``{"code": str, "detail": str, "extra": object}`` with the right HTTP status; the only place
that maps an ``AppError`` to a status.
"""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from apps.core import errors

logger = logging.getLogger(__name__)

STATUS: dict[type[errors.AppError], int] = {
    errors.InvalidInputError: 400,
    errors.NotAuthenticatedError: 401,
    errors.ForbiddenError: 403,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.LimitExceededError: 413,
    errors.UnsupportedError: 415,
    errors.RangeError: 416,
    errors.UnprocessableError: 422,
    errors.QuarantinedError: 423,
    errors.ThrottledError: 429,
    errors.TransientError: 503,
}

#: Errors of the services' clients when a service is unavailable or does not answer in time.
STORAGE_ERRORS = (PyMongoError, RedisError, OperationalError, InterfaceError)


def status_of(error: errors.AppError) -> int:
    """Return the HTTP status of an error's kind."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an expected error in the one shape; leave others to Django (500)."""
    if isinstance(exc, errors.AppError):
        return _app_error(exc)
    if isinstance(exc, STORAGE_ERRORS):
        logger.warning("storage unavailable: %s", exc)
        return _app_error(errors.TransientError("A storage service is away. Try again shortly."))
    response = drf_exception_handler(exc, context)
    if response is not None:
        response.data = _as_unicode(_drf_body(exc))
    return response


def _as_unicode(value: Any) -> Any:
    """Return a body whose texts can be encoded: a message may quote half a surrogate pair."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_as_unicode(name): _as_unicode(member) for name, member in value.items()}
    return [_as_unicode(member) for member in value] if isinstance(value, list) else value


def _app_error(error: errors.AppError) -> Response:
    headers = {}
    if isinstance(error, errors.TransientError | errors.ThrottledError):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.NotAuthenticatedError):
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    return Response(
        _as_unicode({"code": error.code, "detail": error.message, "extra": error.extra}),
        status=status_of(error),
        headers=headers,
    )


def _drf_body(exc: Exception) -> dict[str, Any]:
    """Give the framework's own errors the same shape."""
    if isinstance(exc, Http404):
        return {"code": "not_found", "detail": "There is nothing here.", "extra": {}}
    if isinstance(exc, PermissionDenied):
        return {"code": "forbidden", "detail": "You may not do this.", "extra": {}}
    if isinstance(exc, exceptions.ValidationError):
        return {
            "code": "invalid",
            "detail": "Some fields are not right; see extra.fields.",
            "extra": {"fields": exc.detail},
        }
    if isinstance(exc, exceptions.Throttled):
        return {
            "code": "throttled",
            "detail": str(exc.detail),
            "extra": {"wait_s": getattr(exc, "wait", None)},
        }
    if isinstance(exc, exceptions.APIException):
        return _api_exception_body(exc)
    raise TypeError(f"not an API error: {exc!r}")


def _api_exception_body(exc: exceptions.APIException) -> dict[str, Any]:
    detail: Any = exc.detail
    if isinstance(detail, dict):  # SimpleJWT answers with a mapping of its own
        message = str(detail.get("detail", exc.default_detail))
        code = str(detail.get("code", exc.default_code))
        return {"code": code, "detail": message, "extra": {}}
    codes = exc.get_codes()
    code = codes if isinstance(codes, str) else exc.default_code
    if code == "permission_denied":
        code = "forbidden"
    return {"code": code, "detail": str(detail), "extra": {}}
