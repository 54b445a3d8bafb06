"""Paths that fail in a way of one's choice, with the product's own handlers around them."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from pymongo.errors import ServerSelectionTimeoutError
from redis.exceptions import ConnectionError as RedisConnectionError
from rest_framework.exceptions import APIException, Throttled, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import errors
from config.urls import handler400, handler404, handler500

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]


class CupboardBareError(errors.ConflictError):
    """A concrete error with a code of its own."""

    code = "cupboard_bare"


FAILURES: dict[str, Callable[[], Exception]] = {
    "invalid": lambda: errors.InvalidInputError("Say it again."),
    "not-authenticated": lambda: errors.NotAuthenticatedError("Who are you?"),
    "forbidden": lambda: errors.ForbiddenError("No."),
    "not-found": lambda: errors.NotFoundError("Where?"),
    "conflict": lambda: CupboardBareError("Nothing in it.", extra={"bones": 0}),
    "limit": lambda: errors.LimitExceededError("Too much.", extra={"limit": "X", "value": 1}),
    "throttled": lambda: errors.ThrottledError("Too fast.", retry_after_s=7),
    "transient": lambda: errors.TransientError("Later.", retry_after_s=9),
    "own-code": lambda: errors.AppError("Of no kind.", code="odd"),
    "http404": lambda: Http404("the text of a query"),
    "denied": lambda: PermissionDenied("an inner reason"),
    "validation": lambda: ValidationError({"title": ["Too long."]}),
    "validation-list": lambda: ValidationError(["One.", "Two."]),
    "validation-surrogate": lambda: ValidationError({"role": ['"\ud800" is not a role.']}),
    "own-surrogate": lambda: errors.ConflictError("No \ud800.", extra={"\ud800": ["\udc00"]}),
    "drf-throttled": lambda: Throttled(wait=3),
    "drf-mapping": lambda: APIException({"detail": "Not this token.", "code": "token_not_valid"}),
    "mongodb": lambda: ServerSelectionTimeoutError("mongo.internal:27017: refused"),
    "redis": lambda: RedisConnectionError("redis.internal:6379 refused"),
    "postgresql": lambda: OperationalError("connection to db.internal failed"),
    "postgresql-connection": lambda: InterfaceError("connection already closed"),
    "suspicious": lambda: SuspiciousOperation("an inner reason"),
    "unexpected": lambda: ZeroDivisionError("an inner reason"),
}


class FailingView(APIView):
    """Fails as the path says."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request: Request, name: str) -> Response:
        """Fail."""
        raise FAILURES[name]()


def failing_page(request: HttpRequest, name: str) -> HttpResponse:
    """Fail where no framework is around."""
    raise FAILURES[name]()


urlpatterns = [
    path("api/v1/fail/<str:name>/", FailingView.as_view()),
    path("api/v1/plain/<str:name>/", failing_page),
    path("page/<str:name>/", failing_page),
]
