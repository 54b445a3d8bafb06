"""The authenticated user of a request, typed."""

from django.http import HttpRequest
from rest_framework.request import Request

from apps.accounts.models import User
from apps.core import errors


class NotLoggedInError(errors.NotAuthenticatedError):
    """The request has no identity."""


def caller(request: HttpRequest | Request) -> User:
    """Return the authenticated user of a request; raise ``NotLoggedInError``."""
    if not isinstance(request.user, User):
        raise NotLoggedInError("Log in first.")
    return request.user
