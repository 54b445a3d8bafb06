"""The checks of hosts and passwords in ``check --deploy``."""

import pytest
from pytest_django import Settings

from apps.core.checks import hosts_check, passwords_check

LONG = "a-long-enough-one"


def test_site_that_accepts_any_host_is_a_warning(settings: Settings) -> None:
    """Several names, or all hosts of a domain, are fine."""
    settings.ALLOWED_HOSTS = ["docs.example.org", ".example.org"]
    assert hosts_check() == []
    settings.ALLOWED_HOSTS = ["docs.example.org", "*"]
    [message] = hosts_check()
    assert message.id == "core.W001"


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("redis://redis:6379/0", "has no password"),
        ("redis://:Changeme@redis:6379/0", "has a password out of an example"),
        ("redis://:short%2Fone@redis:6379/0", "has a password of less than 12 characters"),
        (f"redis://:{LONG}@redis:6379/0", None),
        ("redis://localhost:6379/0", None),
        ("redis://127.0.0.1:6379/0", None),
        ("unix:///run/redis.sock", None),
    ],
)
def test_remote_service_needs_a_password_that_cannot_be_guessed(
    url: str, trouble: str | None, settings: Settings
) -> None:
    """A service on this machine needs none."""
    settings.REDIS_URL = url
    assert [message.msg for message in passwords_check()] == (
        [] if trouble is None else [f"REDIS_URL {trouble}."]
    )


def test_every_service_is_checked_and_no_password_is_shown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a replica set with one remote member."""
    settings.MONGODB_URL = "mongodb://x:leaked@127.0.0.1:1,mongodb-2:27017/s?replicaSet=r"
    settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://:leaked@redis:6379"
    for key, value in {"USER": "x", "PASSWORD": "leaked", "HOST": "postgres"}.items():
        monkeypatch.setitem(settings.DATABASES["default"], key, value)
    messages = passwords_check()
    assert {message.msg.partition(" ")[0] for message in messages} == {
        "DATABASE_URL", "MONGODB_URL", "REDIS_URL", "CELERY_BROKER_URL",
    }  # fmt: skip
    assert all(message.hint for message in messages)
    assert "leaked" not in str(messages)
