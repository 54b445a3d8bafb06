"""Sign-ins: what a socket or token was opened with, and whether that still stands.

A sign-in is a session (until logout) or a family of tokens (until one is revoked or replayed). It
ends as well when the account is deactivated or deleted, or gets another password. Access tokens
carry the sign-in, so that a page's token and its sockets end with the session that got them.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed
from rest_framework_simplejwt.tokens import Token

from apps.accounts.models import TokenFamily, User
from apps.core import clock, errors

#: Claims of a token: the digest of the session's key, and the id of the family.
SESSION_CLAIM: Final = "session"
FAMILY_CLAIM: Final = "family"

#: The digest of a session; migration 0003 has an index on this expression.
SESSION_DIGEST: Final = "encode(sha256(session_key::bytea), 'hex')"
_SESSIONS_BY_DIGEST = f"""
    SELECT {SESSION_DIGEST} FROM django_session
    WHERE {SESSION_DIGEST} = ANY(%s) AND expire_date > statement_timestamp()
"""  # noqa: S608 - constants


class SessionInvalidError(errors.NotAuthenticatedError):
    """The session cookie is of no session of an active account."""

    code = "session_not_valid"


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in of a user: by ``session`` (digest of the key), by ``family`` (id), or neither.

    ``password_digest`` is that of the password at the time. The digest of a session's key is no
    secret: nobody gets the key from it.
    """

    user_id: int
    password_digest: str
    session: str | None = None
    family: str | None = None


class Authenticated(NamedTuple):
    """The active user that a token or cookie names, its expiry (Unix time), and its sign-in."""

    user: User
    expires_at: float
    sign_in: SignIn


def session_digest(session_key: str) -> str:
    """Return the digest of a session's key, as tokens and notices name the session."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def sign_in_of_token(user: User, claims: Token | Mapping[str, Any]) -> SignIn:
    """Return the sign-in of a valid token of ``user``."""
    return SignIn(
        user.pk,
        user.get_session_auth_hash(),
        session=claims.get(SESSION_CLAIM),
        family=claims.get(FAMILY_CLAIM),
    )


def session_authenticate(session_key: str) -> Authenticated:
    """Return the user, expiry and sign-in of a session cookie; raise ``SessionInvalidError``."""
    if not (session_key.isascii() and session_key.isalnum()):  # PostgreSQL refuses NUL in text
        raise SessionInvalidError("The session is over. Log in again.")
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    stored = Session.objects.filter(session_key=session_key, expire_date__gt=clock.now()).first()
    if not isinstance(user, User) or stored is None:
        raise SessionInvalidError("The session is over. Log in again.")
    sign_in = SignIn(user.pk, user.get_session_auth_hash(), session=session_digest(session_key))
    return Authenticated(user, stored.expire_date.timestamp(), sign_in)


def sign_ins_ended(sign_ins: Collection[SignIn]) -> set[SignIn]:
    """Return those that have ended, in at most three queries."""
    users = User.objects.in_bulk({sign_in.user_id for sign_in in sign_ins})
    passwords = {user.pk: user.get_session_auth_hash() for user in users.values() if user.is_active}
    sessions = _sessions_alive({s.session for s in sign_ins if s.session is not None})
    families = _families_alive({s.family for s in sign_ins if s.family is not None})
    return {
        sign_in
        for sign_in in sign_ins
        if passwords.get(sign_in.user_id) != sign_in.password_digest
        or (sign_in.session is not None and sign_in.session not in sessions)
        or (sign_in.family is not None and sign_in.family not in families)
    }


def _sessions_alive(digests: set[str]) -> set[str]:
    if not digests:
        return set()
    with connection.cursor() as cursor:
        rows = cursor.execute(_SESSIONS_BY_DIGEST, [list(digests)]).fetchall()
    return {row[0] for row in rows}


def _families_alive(families: set[str]) -> set[str]:
    if not families:
        return set()
    found = TokenFamily.objects.filter(pk__in=families).values_list("pk", flat=True)
    return {str(pk) for pk in found}


class SignInAuthentication(JWTAuthentication):
    """SimpleJWT's authentication, which refuses the tokens of a sign-in that has ended."""

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]
        """Return the active user of a token; raise ``AuthenticationFailed``."""
        user = super().get_user(validated_token)
        if not isinstance(user, User):
            raise TypeError(f"not a user: {user!r}")
        sign_in = sign_in_of_token(user, validated_token)
        session, family = sign_in.session, sign_in.family
        if (session is not None and not _sessions_alive({session})) or (
            family is not None and not _families_alive({family})
        ):
            raise AuthenticationFailed("This sign-in has ended. Log in again.", code="signed_out")
        return user
