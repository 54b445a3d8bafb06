"""Tokens from the attacker's side."""

import base64
import json
import threading
from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from django.db import connection
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from apps.accounts import tokens
from apps.accounts.models import User
from tests.accounts.factories import make_user

pytestmark = pytest.mark.django_db


def test_user_from_access_token_returns_the_user_and_the_expiry() -> None:
    """The socket needs both."""
    user = make_user()
    raw = tokens.access_token_for(user)
    expiry = jwt.decode(raw, options={"verify_signature": False})["exp"]
    assert tokens.user_from_access_token(raw) == (user, float(expiry))


def test_access_token_holds_no_privilege() -> None:
    """Rights are read from PostgreSQL; the token only identifies the user."""
    admin = make_user(is_superuser=True, is_staff=True)
    claims = jwt.decode(tokens.access_token_for(admin), options={"verify_signature": False})
    assert set(claims) == {"token_type", "exp", "iat", "jti", "user_id", "hash_password"}


def forged(user: User, **changes: object) -> str:
    """Return the user's token with other claims and the old signature."""
    header, payload, signature = tokens.access_token_for(user).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    body = base64.urlsafe_b64encode(json.dumps({**claims, **changes}).encode()).decode()
    return ".".join([header, body.rstrip("="), signature])


def unsigned(user: User) -> str:
    """Return a token whose header claims that it has no signature."""
    return jwt.encode(dict(AccessToken.for_user(user).payload), "", algorithm="none")


def with_another_key(user: User) -> str:
    """Return a token signed with another key."""
    return jwt.encode(dict(AccessToken.for_user(user).payload), "x" * 64, algorithm="HS256")


@pytest.mark.parametrize(
    "make",
    [
        lambda user: "",
        lambda user: "a.b.c",
        lambda user: "\x00",
        lambda user: "\ud800",
        lambda user: "é" * 5000,
        lambda user: tokens.access_token_for(user)[:-2],
        lambda user: forged(user, user_id="1"),
        lambda user: forged(user, exp=99999999999),
        unsigned,
        with_another_key,
        lambda user: str(RefreshToken.for_user(user)),
    ],
)
def test_user_from_access_token_refuses_forged_tokens(make: object) -> None:
    """Forged, malformed, unsigned, another key, another type: one error."""
    with pytest.raises(tokens.TokenInvalidError):
        tokens.user_from_access_token(make(make_user()))  # type: ignore[operator]


def test_user_from_access_token_has_an_error_for_an_expired_one() -> None:
    """A client refreshes instead of asking for a login."""
    token = AccessToken.for_user(make_user())
    token.set_exp(lifetime=-timedelta(seconds=1))
    with pytest.raises(tokens.TokenExpiredError):
        tokens.user_from_access_token(str(token))


def test_user_from_access_token_refuses_an_account_that_changed() -> None:
    """Inactive, deleted, another password: the token is void before its expiry."""
    inactive, gone, changed = make_user(), make_user(), make_user()
    issued = {user.pk: tokens.access_token_for(user) for user in (inactive, gone, changed)}
    raws = list(issued.values())
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    gone.delete()
    changed.set_password("another one")
    changed.save()
    for raw in raws:
        with pytest.raises(tokens.TokenInvalidError):
            tokens.user_from_access_token(raw)


def test_tokens_rotate_returns_a_pair_and_blacklists_the_old_one() -> None:
    """A stolen refresh token is void once it was used."""
    user = make_user()
    first = tokens.tokens_issue(user)
    second = tokens.tokens_rotate(first.refresh)
    assert tokens.user_from_access_token(second.access)[0] == user
    with pytest.raises(tokens.TokenInvalidError):
        tokens.tokens_rotate(first.refresh)
    tokens.tokens_rotate(second.refresh)


def test_tokens_rotate_refuses_other_tokens() -> None:
    """An access token, or random text."""
    for raw in (tokens.access_token_for(make_user()), "", "a.b.c", "\ud800"):
        with pytest.raises(tokens.TokenInvalidError):
            tokens.tokens_rotate(raw)


def test_tokens_rotate_refuses_an_expired_one() -> None:
    """The user has to log in again."""
    refresh = RefreshToken.for_user(make_user())
    refresh.set_exp(lifetime=-timedelta(seconds=1))
    with pytest.raises(tokens.TokenExpiredError):
        tokens.tokens_rotate(str(refresh))


def test_tokens_rotate_refuses_an_account_that_changed() -> None:
    """SimpleJWT's own view answers 500 for a deleted user, and accepts an old password."""
    inactive, gone, changed = make_user(), make_user(), make_user()
    raws = [tokens.tokens_issue(user).refresh for user in (inactive, gone, changed)]
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    gone.delete()
    changed.set_password("another one")
    changed.save()
    for raw in raws:
        with pytest.raises(tokens.TokenInvalidError):
            tokens.tokens_rotate(raw)


def test_token_revoke_voids_a_refresh_token() -> None:
    """A second revocation is an error."""
    raw = tokens.tokens_issue(make_user()).refresh
    tokens.token_revoke(raw)
    for use in (tokens.tokens_rotate, tokens.token_revoke):
        with pytest.raises(tokens.TokenInvalidError):
            use(raw)


@pytest.mark.django_db(transaction=True)
def test_tokens_rotate_by_two_at_once_succeeds_once() -> None:
    """A thief in a race with the owner does not get a second chain of tokens."""
    raw = tokens.tokens_issue(make_user()).refresh
    start, outcomes = threading.Barrier(2), list[str]()

    def rotate() -> None:
        start.wait()
        try:
            tokens.tokens_rotate(raw)
            outcomes.append("pair")
        except tokens.TokenInvalidError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=rotate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["pair", "refused"]


def test_access_token_lifetime_is_the_setting() -> None:
    """The page gets the time of the next refresh."""
    lifetime = timedelta(seconds=tokens.access_token_lifetime_s())
    assert lifetime == settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"]
