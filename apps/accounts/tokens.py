"""JSON web tokens: an identity without rights (docs/system-flow.md, §1).

An access token identifies a user for some minutes. Each use reads the account from PostgreSQL, so
it ends at once when the user is deactivated or the password is changed. A refresh token is valid
for one use: it is exchanged for a new pair, and then blacklisted.
"""

from dataclasses import dataclass

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.db import transaction
from django.http import HttpRequest
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import (
    AuthenticationFailed,
    ExpiredTokenError,
    TokenError,
)
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from apps.accounts.models import User
from apps.core import errors


class TokenInvalidError(errors.NotAuthenticatedError):
    """The token is forged, malformed, of another kind, used, or its user may not log in."""

    code = "token_not_valid"


class TokenExpiredError(errors.NotAuthenticatedError):
    """The token was valid and has expired."""

    code = "token_expired"


class WrongCredentialsError(errors.NotAuthenticatedError):
    """No active account has this username and password; which of them is wrong is not said."""

    code = "no_active_account"


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token and its refresh token, both encoded."""

    access: str
    refresh: str


def user_from_access_token(raw: str) -> tuple[User, float]:
    """Return the active user that an access token names, and the token's expiry (Unix time).

    Raises ``TokenInvalidError``, ``TokenExpiredError``.
    """
    try:
        token = AccessToken(raw.encode())  # type: ignore[arg-type]
    except ExpiredTokenError as err:
        raise TokenExpiredError("The access token has expired. Refresh it.") from err
    except (TokenError, UnicodeError) as err:
        raise TokenInvalidError("This is not a valid access token.") from err
    return _active_user(token), float(token["exp"])


def access_token_for(user: User) -> str:
    """Return a new encoded access token of ``user``."""
    return str(AccessToken.for_user(user))


def access_token_lifetime_s() -> int:
    """Return the lifetime of a new access token in seconds."""
    return int(api_settings.ACCESS_TOKEN_LIFETIME.total_seconds())


def tokens_obtain(*, request: HttpRequest, username: str, password: str) -> TokenPair:
    """Check a password (docs/system-flow.md, §1) and return a new pair of tokens.

    Raises ``WrongCredentialsError``, ``TooManyAttemptsError``.
    """
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        raise WrongCredentialsError("No active account has this username and password.")
    update_last_login(None, user)  # type: ignore[arg-type]
    return tokens_issue(user)


def tokens_issue(user: User) -> TokenPair:
    """Return a new pair of tokens for a user who has just logged in."""
    refresh = RefreshToken.for_user(user)
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))


def tokens_rotate(raw: str) -> TokenPair:
    """Exchange a refresh token for a new pair; of two concurrent calls, one succeeds.

    Raises ``TokenInvalidError`` (used, revoked, account deleted or inactive, password
    changed), ``TokenExpiredError``.
    """
    refresh = _refresh_token(raw)
    with transaction.atomic():
        _blacklist(refresh)
        return tokens_issue(_active_user(refresh))


def token_revoke(raw: str) -> None:
    """Blacklist a refresh token, to log out. Raises as ``tokens_rotate``."""
    refresh = _refresh_token(raw)
    with transaction.atomic():
        _blacklist(refresh)


def _refresh_token(raw: str) -> RefreshToken:
    try:
        return RefreshToken(raw.encode())  # type: ignore[arg-type]
    except ExpiredTokenError as err:
        raise TokenExpiredError("The refresh token has expired. Log in again.") from err
    except (TokenError, UnicodeError) as err:
        raise TokenInvalidError("This is not a valid refresh token. Log in again.") from err


def _blacklist(refresh: RefreshToken) -> None:
    """Blacklist a refresh token; the lock on its row decides a race."""
    jti = refresh[api_settings.JTI_CLAIM]
    outstanding = OutstandingToken.objects.select_for_update().filter(jti=jti).first()
    if outstanding is None or BlacklistedToken.objects.filter(token=outstanding).exists():
        raise TokenInvalidError("This refresh token has been used or revoked. Log in again.")
    BlacklistedToken.objects.create(token=outstanding)


def _active_user(token: Token) -> User:
    try:
        user = JWTAuthentication().get_user(token)
    except AuthenticationFailed as err:
        raise TokenInvalidError("The account of this token cannot be used. Log in again.") from err
    if not isinstance(user, User):
        raise TypeError(f"not a user: {user!r}")
    return user
