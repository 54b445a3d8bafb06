"""JSON web tokens: an identity without rights (docs/system-flow.md, §1).

An access token identifies a user for some minutes. Each use reads the account and the sign-in from
PostgreSQL, so it ends at once when the user is deactivated, the password is changed, or the session
or family of tokens that it belongs to has ended. A refresh token is valid for one use: it is
exchanged for a new pair of its family, and then blacklisted. A second use is a replay, by a
thief or after one, and ends the whole family (RFC 9700, 4.14.2).
"""

from dataclasses import dataclass

from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.http import HttpRequest
from rest_framework_simplejwt.exceptions import (
    AuthenticationFailed,
    ExpiredTokenError,
    TokenError,
)
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token
from rest_framework_simplejwt.utils import get_md5_hash_password

from apps.accounts.document_access import DocumentAccess, document_access_find
from apps.accounts.events import token_replayed
from apps.accounts.models import TokenFamily, User
from apps.accounts.sign_ins import (
    FAMILY_CLAIM,
    SESSION_CLAIM,
    Authenticated,
    SignInAuthentication,
    session_digest,
    sign_in_of_token,
)
from apps.core import clock, errors


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


class _RefreshToken(RefreshToken):
    """A refresh token whose use is looked up by ``_use``, under a lock."""

    def check_blacklist(self) -> None:
        """Leave the check to ``_use``, which ends the family of a replayed token."""


def user_from_access_token(raw: str) -> Authenticated:
    """Return the active user that an access token names, the token's expiry and its sign-in.

    Raises ``TokenInvalidError``, ``TokenExpiredError``.
    """
    token = _access_token(raw)
    user = _active_user(token)
    return Authenticated(user, float(token["exp"]), sign_in_of_token(user, token))


def access_from_token(*, raw: str, document_id: str) -> tuple[Authenticated, DocumentAccess]:
    """Return as ``user_from_access_token``, and the user's access to a document, by one query."""
    token = _access_token(raw)
    try:
        user_id = int(token[api_settings.USER_ID_CLAIM])
    except (KeyError, ValueError, TypeError) as err:
        raise _unusable() from err
    access = document_access_find(
        user_id=user_id,
        document_id=document_id,
        session=token.get(SESSION_CLAIM),
        family=token.get(FAMILY_CLAIM),
    )
    if access is None or not access.is_signed_in or _is_revoked(token, access.user):
        raise _unusable()
    sign_in = sign_in_of_token(access.user, token)
    return Authenticated(access.user, float(token["exp"]), sign_in), access


def access_token_for(user: User, *, session_key: str | None = None) -> str:
    """Return a new encoded access token of ``user``; with the session's key it ends with that."""
    token = AccessToken.for_user(user)
    if session_key is not None:
        token[SESSION_CLAIM] = session_digest(session_key)
    return str(token)


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
    user_logged_in.send(sender=User, request=request, user=user)  # sets ``last_login``
    return tokens_issue(user)


def tokens_issue(user: User) -> TokenPair:
    """Return the first pair of tokens of a new family, for a user who has just logged in."""
    user.token_families.filter(expires_at__lt=clock.now()).delete()
    family = TokenFamily(user=user, expires_at=clock.now())
    family.save(force_insert=True)
    return _pair(user, str(family.pk))


def tokens_rotate(raw: str) -> TokenPair:
    """Exchange a refresh token for a new pair; of two concurrent calls, one succeeds.

    A used or revoked token ends its family. Raises ``TokenInvalidError`` (used, revoked, account
    deleted or inactive, password changed), ``TokenExpiredError``.
    """
    refresh = _refresh_token(raw)
    with transaction.atomic():
        if _use(refresh):
            user = _active_user(refresh)
            family = refresh.get(FAMILY_CLAIM)
            return tokens_issue(user) if family is None else _pair(user, family)
    _report_replay(refresh)
    raise _used()


def token_revoke(raw: str) -> None:
    """Blacklist a refresh token and end its family, to log out. Raises as ``tokens_rotate``."""
    refresh = _refresh_token(raw)
    with transaction.atomic():
        first_use = _use(refresh)
        _end_family(refresh)
    if not first_use:
        _report_replay(refresh)
        raise _used()


def _pair(user: User, family: str) -> TokenPair:
    """Return a new pair of a family, and keep the family as long as its tokens."""
    refresh = _RefreshToken.for_user(user)
    refresh[FAMILY_CLAIM] = family
    stored = OutstandingToken.objects.filter(jti=refresh[api_settings.JTI_CLAIM])
    stored.update(token=str(refresh))
    lifetime = max(api_settings.REFRESH_TOKEN_LIFETIME, api_settings.ACCESS_TOKEN_LIFETIME)
    TokenFamily.objects.filter(pk=family).update(expires_at=clock.now() + lifetime)
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))


def _access_token(raw: str) -> AccessToken:
    try:
        return AccessToken(raw.encode())  # type: ignore[arg-type]
    except ExpiredTokenError as err:
        raise TokenExpiredError("The access token has expired. Refresh it.") from err
    except (TokenError, UnicodeError) as err:
        raise TokenInvalidError("This is not a valid access token.") from err


def _is_revoked(token: Token, user: User) -> bool:
    """Return whether the user has another password now, as ``SignInAuthentication`` checks it."""
    stored: str = get_md5_hash_password(user.password)
    return bool(token.get(api_settings.REVOKE_TOKEN_CLAIM) != stored)


def _refresh_token(raw: str) -> RefreshToken:
    try:
        return _RefreshToken(raw.encode())  # type: ignore[arg-type]
    except ExpiredTokenError as err:
        raise TokenExpiredError("The refresh token has expired. Log in again.") from err
    except (TokenError, UnicodeError) as err:
        raise TokenInvalidError("This is not a valid refresh token. Log in again.") from err


def _use(refresh: RefreshToken) -> bool:
    """Blacklist a refresh token; return False for a used one, and end its family.

    The lock on its row decides a race.
    """
    jti = refresh[api_settings.JTI_CLAIM]
    outstanding = OutstandingToken.objects.select_for_update().filter(jti=jti).first()
    if outstanding is None:
        raise _used()
    if BlacklistedToken.objects.filter(token=outstanding).exists():
        _end_family(refresh)
        return False
    BlacklistedToken.objects.create(token=outstanding)
    return True


def _end_family(refresh: RefreshToken) -> None:
    """Delete the family of a token; migration 0003 notifies all servers."""
    family = refresh.get(FAMILY_CLAIM)
    if family is not None:
        TokenFamily.objects.filter(pk=family).delete()


def _report_replay(refresh: RefreshToken) -> None:
    token_replayed.publish(int(refresh[api_settings.USER_ID_CLAIM]))


def _used() -> TokenInvalidError:
    return TokenInvalidError("This refresh token has been used or revoked. Log in again.")


def _active_user(token: Token) -> User:
    try:
        return SignInAuthentication().get_user(token)
    except AuthenticationFailed as err:
        raise _unusable() from err


def _unusable() -> TokenInvalidError:
    return TokenInvalidError("The account of this token cannot be used. Log in again.")
