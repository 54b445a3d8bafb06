"""How often somebody may try: one counter in Redis for the API, the pages and the admin.

A fixed window per limit and key: the first attempt opens it, and when it ends all is forgotten.
Redis away means that nobody can be counted, so nobody gets in (503): guessing passwords while the
counter is down must not be free.
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
    """A limit on attempts was passed."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``attempts`` in ``window_s`` seconds for one key, under a name of its own."""

    name: str
    attempts: int
    window_s: int

    def key(self, subject: str) -> str:
        """Return the counter's key; the subject is digested, for it is anybody's text."""
        digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
        return f"scriptorium:rate:{self.name}:{digest}"


def attempt_count(limit: RateLimit, subject: str) -> None:
    """Count one attempt; raise ``TooManyAttemptsError`` when it is one too many."""
    key = limit.key(subject)
    with get_redis_connection("default").pipeline(transaction=True) as pipeline:
        pipeline.set(key, 0, ex=limit.window_s, nx=True)
        pipeline.incr(key)
        pipeline.pttl(key)
        _, attempts, left_ms = pipeline.execute()
    if attempts > limit.attempts:
        wait_s = max(1, math.ceil(left_ms / 1000))
        raise TooManyAttemptsError(
            f"Too many attempts. Try again in {_in_words(wait_s)}.", retry_after_s=wait_s
        )


def attempts_forget(limit: RateLimit, subject: str) -> None:
    """Start over for one key, as after a right password."""
    get_redis_connection("default").delete(limit.key(subject))


def attempt_refund(limit: RateLimit, subject: str) -> None:
    """Uncount one attempt, so that the right passwords of one office do not lock it out."""
    key = limit.key(subject)
    with get_redis_connection("default").pipeline(transaction=True) as pipeline:
        # The window may have ended meanwhile: a counter below zero must not stay for ever.
        pipeline.set(key, 1, ex=limit.window_s, nx=True)
        pipeline.decr(key)
        pipeline.execute()


def login_limit_per_address() -> RateLimit:
    """Return how often one address may fail to log in."""
    return RateLimit("login-address", settings.LOGIN_ATTEMPTS_PER_ADDRESS, settings.LOGIN_WINDOW_S)


def login_limit_per_username() -> RateLimit:
    """Return how often anybody may fail to log in as one user."""
    return RateLimit(
        "login-username", settings.LOGIN_ATTEMPTS_PER_USERNAME, settings.LOGIN_WINDOW_S
    )


def user_search_limit() -> RateLimit:
    """Return how often one user may search for people."""
    return RateLimit("user-search", settings.USER_SEARCHES_PER_MINUTE, 60)


class LoginThrottle:
    """The limits around one attempt to log in, by address and by username."""

    def __init__(self, *, address: str, username: str) -> None:
        self._address = address
        self._username = unicodedata.normalize("NFKC", username).casefold()

    def begin(self) -> None:
        """Count the attempt before the password is looked at, so that a burst cannot overtake."""
        if self._address:
            attempt_count(login_limit_per_address(), self._address)
        attempt_count(login_limit_per_username(), self._username)

    def succeed(self) -> None:
        """Forget what the right password has answered for."""
        if self._address:
            attempt_refund(login_limit_per_address(), self._address)
        attempts_forget(login_limit_per_username(), self._username)


class UserSearchThrottle(BaseThrottle):
    """Holds up whoever would copy the list of accounts through the search."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the search; raise ``TooManyAttemptsError`` in the one error shape."""
        attempt_count(user_search_limit(), str(request.user.pk))
        return True


def client_address(request: HttpRequest) -> str:
    """Return the caller's address as our outermost proxy saw it; IPv6 as its /64 network.

    ``TRUSTED_PROXIES`` says how many proxies of ours add to ``X-Forwarded-For``; what stands left
    of their entries was written by the caller and is not believed.
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


def _in_words(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes"
