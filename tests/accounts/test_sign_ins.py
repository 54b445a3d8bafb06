"""Sign-ins: what ends them, and what does not."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts import tokens
from apps.accounts.models import User
from apps.accounts.sign_ins import (
    SessionInvalidError,
    SignIn,
    session_authenticate,
    sign_ins_ended,
)
from apps.core import clock
from tests.accounts.factories import make_user

pytestmark = pytest.mark.django_db


def log_in(user: User) -> str:
    """Log in at the page; return the session's key."""
    browser = Client()
    browser.force_login(user)
    return str(browser.session.session_key)


def test_session_authenticate_returns_the_user_and_the_stored_expiry() -> None:
    """A socket lives no longer than its session."""
    user = make_user()
    key = log_in(user)
    caller = session_authenticate(key)
    assert caller.user == user
    assert caller.expires_at == Session.objects.get(pk=key).expire_date.timestamp()
    assert key not in str(caller.sign_in)


@pytest.mark.parametrize(
    "key", ["", "x", "a" * 32, "a\x00" * 16, "é" * 32, "a" * 10_000, "\\" * 32]
)
def test_session_authenticate_refuses_what_is_no_session(key: str) -> None:
    """Cookies are text of the client."""
    with pytest.raises(SessionInvalidError):
        session_authenticate(key)


def test_session_authenticate_refuses_a_session_that_is_over() -> None:
    """Expired, of an inactive account, of another password, of nobody."""
    users = [make_user() for _ in range(3)]
    keys = [log_in(user) for user in users]
    Session.objects.filter(pk=keys[0]).update(expire_date=clock.now() - timedelta(seconds=1))
    User.objects.filter(pk=users[1].pk).update(is_active=False)
    users[2].set_password("another long sentence")
    users[2].save()
    anonymous = Client().session
    anonymous.save()
    for key in [*keys, str(anonymous.session_key)]:
        with pytest.raises(SessionInvalidError):
            session_authenticate(key)


def test_sign_ins_ended_names_those_that_ended_in_three_queries() -> None:
    """One of each kind ends, and one of each kind stays."""
    user, changed, inactive, deleted = [make_user() for _ in range(4)]
    stays = {session_authenticate(log_in(user)).sign_in, family(user), bare(user)}
    ends = {family(changed), family(inactive), family(deleted), bare(changed)}
    key = log_in(user)
    ends.add(session_authenticate(key).sign_in)
    Session.objects.filter(pk=key).delete()
    pair = tokens.tokens_issue(user)
    ends.add(tokens.user_from_access_token(pair.access).sign_in)
    tokens.token_revoke(pair.refresh)
    expired = log_in(user)
    ends.add(session_authenticate(expired).sign_in)
    Session.objects.filter(pk=expired).update(expire_date=clock.now() - timedelta(seconds=1))
    changed.set_password("another long sentence")
    changed.save()
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    deleted.delete()
    with CaptureQueriesContext(connection) as queries:
        assert sign_ins_ended(stays | ends) == ends
    assert len(queries) == 3


def test_session_that_expires_during_a_transaction_has_ended() -> None:
    """It is compared with the time of the call, not with that of the transaction's begin."""
    sign_in = session_authenticate(key := log_in(make_user())).sign_in
    with connection.cursor() as cursor:
        cursor.execute("SELECT transaction_timestamp() + interval '1 microsecond'")
        [(just_after,)] = cursor.fetchall()
    Session.objects.filter(pk=key).update(expire_date=just_after)
    assert sign_ins_ended({sign_in}) == {sign_in}


def test_lookup_of_a_session_by_digest_uses_the_index() -> None:
    """A workspace has more sessions than a scan may read for each change of rights."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT 1 FROM django_session"
            " WHERE encode(sha256(session_key::bytea), 'hex') = ANY(%s)",
            [["d"]],
        )
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert "django_session_digest" in plan


def family(user: User) -> SignIn:
    """Return the sign-in of a new family of tokens."""
    return tokens.user_from_access_token(tokens.tokens_issue(user).access).sign_in


def bare(user: User) -> SignIn:
    """Return the sign-in of a token without session or family."""
    return tokens.user_from_access_token(tokens.access_token_for(user)).sign_in
