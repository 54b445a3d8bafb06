"""Limits on login attempts, from the attacker's side, in the real Redis."""

import pytest
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

from apps.accounts.throttling import (
    LoginThrottle,
    RateLimit,
    TooManyAttemptsError,
    attempt_count,
    attempt_refund,
    attempts_reset,
    client_address,
)
from tests.accounts.factories import PASSWORD, make_user

LIMIT = RateLimit("test", attempts=2, window_s=60)


def request_from(address: str, forwarded: str = "") -> HttpRequest:
    """Return a request from an address, with headers of proxies or of the caller."""
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    return RequestFactory().post("/login/", REMOTE_ADDR=address, **headers)  # type: ignore[arg-type]


def test_attempt_count_refuses_the_attempt_after_the_last_with_retry_after() -> None:
    """Each key has its own counter."""
    attempt_count(LIMIT, "a")
    attempt_count(LIMIT, "a")
    with pytest.raises(TooManyAttemptsError) as refusal:
        attempt_count(LIMIT, "a")
    assert 1 <= refusal.value.retry_after_s <= 60
    attempt_count(LIMIT, "b")


def test_attempts_can_be_refunded_and_reset() -> None:
    """A refund after the end of the window leaves no credit."""
    attempt_refund(LIMIT, "c")
    for _ in range(2):
        attempt_count(LIMIT, "c")
    attempt_refund(LIMIT, "c")
    attempt_count(LIMIT, "c")
    attempts_reset(LIMIT, "c")
    attempt_count(LIMIT, "c")


@pytest.mark.django_db
def test_login_from_many_addresses_as_one_user_is_refused(settings: Settings) -> None:
    """The correct password is refused, too: an attacker cannot tell it from a wrong one."""
    settings.LOGIN_ATTEMPTS_PER_USERNAME = 3
    user = make_user("victim")
    for number in range(3):
        assert (
            authenticate(request_from(f"10.0.0.{number}"), username="victim", password="x") is None
        )
    for name in ("victim", "VICTIM", "ｖictim"):
        with pytest.raises(TooManyAttemptsError):
            authenticate(request_from("10.0.1.1"), username=name, password=PASSWORD)
    assert user.is_active


@pytest.mark.django_db
def test_login_from_one_address_as_many_users_is_refused(settings: Settings) -> None:
    """An attacker may try one password on all accounts."""
    settings.LOGIN_ATTEMPTS_PER_ADDRESS = 3
    for number in range(3):
        authenticate(request_from("10.0.0.1"), username=f"somebody-{number}", password="x")
    with pytest.raises(TooManyAttemptsError):
        authenticate(request_from("10.0.0.1"), username="another", password="x")
    assert authenticate(request_from("10.0.0.2"), username="another", password="x") is None


@pytest.mark.django_db
def test_right_passwords_are_not_counted(settings: Settings) -> None:
    """The users of an office may share one address."""
    settings.LOGIN_ATTEMPTS_PER_ADDRESS = settings.LOGIN_ATTEMPTS_PER_USERNAME = 2
    user = make_user("early-bird")
    for _ in range(5):
        found = authenticate(request_from("10.0.0.1"), username="early-bird", password=PASSWORD)
        assert found == user


@pytest.mark.django_db
def test_inactive_user_with_the_right_password_is_refused_like_a_wrong_one() -> None:
    """The response does not reveal that the account exists."""
    make_user("sleeper", is_active=False)
    assert authenticate(request_from("10.0.0.1"), username="sleeper", password=PASSWORD) is None


@pytest.mark.django_db
def test_username_with_nul_is_unknown() -> None:
    """PostgreSQL rejects NUL in text; it must not become a server error."""
    assert authenticate(request_from("10.0.0.1"), username="a\x00", password="x") is None


def test_login_throttle_without_an_address_still_counts_the_name(settings: Settings) -> None:
    """A caller inside the server has no address."""
    settings.LOGIN_ATTEMPTS_PER_USERNAME = 1
    LoginThrottle(address="", username="shell").begin()
    with pytest.raises(TooManyAttemptsError):
        LoginThrottle(address="", username="shell").begin()


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "expected"),
    [
        (0, "10.0.0.1", "", "10.0.0.1"),
        (0, "10.0.0.1", "1.2.3.4", "10.0.0.1"),
        (1, "10.0.0.1", "1.2.3.4", "1.2.3.4"),
        (1, "10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        (2, "10.0.0.1", "1.2.3.4", "10.0.0.1"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        (1, "10.0.0.1", "nonsense", "nonsense"),
    ],
)
def test_client_address_trusts_only_our_own_proxies(
    settings: Settings, proxies: int, remote: str, forwarded: str, expected: str
) -> None:
    """A forged header gives no new attempts, nor do other addresses of the same IPv6 network."""
    settings.TRUSTED_PROXIES = proxies
    assert client_address(request_from(remote, forwarded)) == expected
