"""Rate limits of logins and searches: counters in Redis for the API, the pages and the admin.

Three limits bound the guessing of passwords:

- per address: one host that tries many accounts;
- per username and address: one host that guesses one person's password. A stranger exhausts only
  the counter of the stranger's own address, and that person logs in from another one as usual;
- per username, over all addresses that are not known as the person's own: many hosts that guess one
  password. An address is known for ``KNOWN_ADDRESS_S`` after a login of the person, and is neither
  counted nor refused by this limit, so that a whole botnet keeps nobody out of the usual places. An
  attempt that one of the first two limits refused is not counted by the third: one stranger cannot
  exhaust it.

With any number of hosts, the guesses at one password stay within the third limit in each window,
plus the second limit for each known address at which the attacker also sits. A correct password
resets only the second counter: otherwise each login of the person would give attackers new guesses.
Nobody makes an address known without the password.

What remains: while a botnet guesses, its victim cannot log in from a new address until the window
ends; and people behind one address with an attacker share the second limit.

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

#: How long an address stays known as one of a person's own after a login, in seconds (30 days).
KNOWN_ADDRESS_S = 30 * 24 * 3600


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


def login_limit_per_username_and_address() -> RateLimit:
    """Return the limit of failed logins with one username from one address."""
    return RateLimit(
        "login-username-address",
        settings.LOGIN_ATTEMPTS_PER_USERNAME_AND_ADDRESS,
        settings.LOGIN_WINDOW_S,
    )


def login_limit_per_username() -> RateLimit:
    """Return the limit of failed logins with one username, from addresses that it does not know."""
    return RateLimit(
        "login-username", settings.LOGIN_ATTEMPTS_PER_USERNAME, settings.LOGIN_WINDOW_S
    )


def user_search_limit() -> RateLimit:
    """Return the limit of searches for people by one user."""
    return RateLimit("user-search", settings.USER_SEARCHES_PER_MINUTE, 60)


class LoginThrottle:
    """The limits of one login: by address, by username and address, and by username."""

    def __init__(self, *, address: str, username: str) -> None:
        self._address = address
        self._username = unicodedata.normalize("NFKC", username).casefold()
        #: An address has no space, so the pair is unambiguous.
        self._pair = f"{address} {self._username}"
        self._known_key = RateLimit("login-known", 0, KNOWN_ADDRESS_S).key(self._pair)
        self._is_known = False

    def begin(self) -> None:
        """Count the attempt before the password is checked, so that a burst is counted in time."""
        if self._address:
            attempt_count(login_limit_per_address(), self._address)
            attempt_count(login_limit_per_username_and_address(), self._pair)
            self._is_known = bool(get_redis_connection("default").exists(self._known_key))
        if not self._is_known:
            attempt_count(login_limit_per_username(), self._username)

    def succeed(self) -> None:
        """Refund the attempt after a correct password, and remember the address."""
        if self._address:
            attempt_refund(login_limit_per_address(), self._address)
            attempts_reset(login_limit_per_username_and_address(), self._pair)
            get_redis_connection("default").set(self._known_key, 1, ex=KNOWN_ADDRESS_S)
        if not self._is_known:
            attempt_refund(login_limit_per_username(), self._username)


class UserSearchThrottle(BaseThrottle):
    """Limits searches for people. Threat: a client copies the list of accounts."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the search; raise ``TooManyAttemptsError`` in the one error shape."""
        attempt_count(user_search_limit(), str(request.user.pk))
        return True


class GroupSearchThrottle(BaseThrottle):
    """Limits searches for groups, apart from those for people: the share dialog makes both."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count as ``UserSearchThrottle``."""
        attempt_count(user_search_limit(), f"groups {request.user.pk}")
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
