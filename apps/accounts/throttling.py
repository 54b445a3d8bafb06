"""Rate limits of logins and searches: counters in Redis for the API, the pages and the admin.

Each limit and key has a fixed window: the first attempt opens it, and its end resets the counter.
Without Redis attempts cannot be counted, so logins are refused (503): an outage must not allow
unlimited guesses of passwords.
"""

import hashlib
import ipaddress
import math
import unicodedata
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django_redis import get_redis_connection
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apps.core import errors


class TooManyAttemptsError(errors.ThrottledError):
    """A limit on attempts was exceeded."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A limit of ``attempts`` in ``window_s`` seconds for one key; ``name`` is unique."""

    name: str
    attempts: int
    window_s: int

    def key(self, subject: str) -> str:
        """Return the counter's key; the subject is hashed, as it is text of the client."""
        digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
        return f"scriptorium:rate:{self.name}:{digest}"


def attempt_count(limit: RateLimit, subject: str) -> None:
    """Count one attempt; raise ``TooManyAttemptsError`` when it exceeds the limit."""
    key = limit.key(subject)
    with get_redis_connection("default").pipeline(transaction=True) as pipeline:
        pipeline.set(key, 0, ex=limit.window_s, nx=True)
        pipeline.incr(key)
        pipeline.pttl(key)
        _, attempts, left_ms = pipeline.execute()
    if attempts > limit.attempts:
        wait_s = max(1, math.ceil(left_ms / 1000))
        raise TooManyAttemptsError(
            f"Too many attempts. Try again in {_duration_text(wait_s)}.", retry_after_s=wait_s
        )


def attempts_reset(limit: RateLimit, subject: str) -> None:
    """Reset the counter of a key, as after a correct password."""
    get_redis_connection("default").delete(limit.key(subject))


def attempt_refund(limit: RateLimit, subject: str) -> None:
    """Refund one attempt: correct passwords must not lock out an office with one address."""
    key = limit.key(subject)
    with get_redis_connection("default").pipeline(transaction=True) as pipeline:
        # The window may have ended meanwhile: a counter below zero must not stay without expiry.
        pipeline.set(key, 1, ex=limit.window_s, nx=True)
        pipeline.decr(key)
        pipeline.execute()


def login_limit_per_address() -> RateLimit:
    """Return the limit of failed logins of one address."""
    return RateLimit("login-address", settings.LOGIN_ATTEMPTS_PER_ADDRESS, settings.LOGIN_WINDOW_S)


def login_limit_per_username() -> RateLimit:
    """Return the limit of failed logins with one username."""
    return RateLimit(
        "login-username", settings.LOGIN_ATTEMPTS_PER_USERNAME, settings.LOGIN_WINDOW_S
    )


def user_search_limit() -> RateLimit:
    """Return the limit of searches for people by one user."""
    return RateLimit("user-search", settings.USER_SEARCHES_PER_MINUTE, 60)


class LoginThrottle:
    """The limits of one login, by address and by username."""

    def __init__(self, *, address: str, username: str) -> None:
        self._address = address
        self._username = unicodedata.normalize("NFKC", username).casefold()

    def begin(self) -> None:
        """Count the attempt before the password is checked, so that a burst is counted in time."""
        if self._address:
            attempt_count(login_limit_per_address(), self._address)
        attempt_count(login_limit_per_username(), self._username)

    def succeed(self) -> None:
        """Refund the attempt after a correct password, and reset the username."""
        if self._address:
            attempt_refund(login_limit_per_address(), self._address)
        attempts_reset(login_limit_per_username(), self._username)


class UserSearchThrottle(BaseThrottle):
    """Limits searches for people. Threat: a client copies the list of accounts."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the search; raise ``TooManyAttemptsError`` in the one error shape."""
        attempt_count(user_search_limit(), str(request.user.pk))
        return True


def client_address(request: HttpRequest) -> str:
    """Return the client's address as the outermost trusted proxy saw it; IPv6 as its /64 network.

    ``TRUSTED_PROXIES`` is the number of proxies that add to ``X-Forwarded-For``; entries to the
    left of theirs were written by the client and are ignored.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if settings.TRUSTED_PROXIES and len(hops) >= settings.TRUSTED_PROXIES:
        address = hops[-settings.TRUSTED_PROXIES]
    return _network(address)


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _duration_text(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes"
