"""The authentication backend: Django's own, throttled, for the API, the pages and the admin."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.throttling import LoginThrottle, client_address


class ThrottledModelBackend(ModelBackend):
    """``ModelBackend`` with a ``LoginThrottle`` for every attempt.

    Raises ``TooManyAttemptsError`` (429) and ``RedisError`` (503); the callers handle them.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the active user of this name and password, or None."""
        if not username or password is None or "\x00" in username:
            return None  # PostgreSQL refuses NUL in text
        address = client_address(request) if request is not None else ""
        throttle = LoginThrottle(address=address, username=username)
        throttle.begin()
        user = super().authenticate(request, username=username, password=password, **kwargs)
        if not isinstance(user, User):
            return None
        throttle.succeed()
        return user
