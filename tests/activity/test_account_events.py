"""The trail of accounts: who logged in, from where, and who tried; no secret in it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.models import Permission, User
from apps.accounts.roles import Role
from apps.accounts.services import permission_delete, permission_save
from apps.accounts.tokens import tokens_issue
from apps.activity.models import AccountEvent
from apps.activity.tasks import delete_old_account_events
from apps.core import clock
from tests.accounts.clients import assert_error
from tests.accounts.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db

TOKENS = "/api/v1/auth/token/"


def events() -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return kind, name, address and detail of all events, oldest first."""
    rows = AccountEvent.objects.order_by("id")
    return list(rows.values_list("kind", "username", "address", "detail"))


@pytest.mark.parametrize(("path", "place"), [("/login/", "page"), ("/admin/login/", "admin")])
def test_login_and_logout_of_a_session_are_recorded_with_the_address(path: str, place: str) -> None:
    """At the page and in the admin."""
    user = make_user(is_staff=True)
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.post(path, {"username": user.username, "password": PASSWORD})
    client.post("/logout/")
    client.post("/logout/")  # without a session there is nothing to end
    assert events() == [
        ("logged_in", user.username, "192.0.2.7", {"place": place}),
        ("logged_out", user.username, "192.0.2.7", {"place": "page"}),
    ]


def test_login_by_the_api_is_recorded_and_sets_the_time_of_the_last_login() -> None:
    """As one at the page."""
    user = make_user()
    body = {"username": user.username, "password": PASSWORD}
    assert APIClient(REMOTE_ADDR="2001:db8::7").post(TOKENS, body).status_code == 200
    assert events() == [("logged_in", user.username, "2001:db8::/64", {"place": "api"})]
    user.refresh_from_db()
    assert user.last_login is not None


def test_failed_login_is_recorded_without_what_was_typed() -> None:
    """A name that no account has may be a password in the wrong field."""
    user = make_user()
    for name in (user.username, "correct horse battery"):
        body = {"username": name, "password": "a secret that is wrong"}
        Client(REMOTE_ADDR="192.0.2.7").post("/login/", body)
    assert events() == [
        ("login_failed", user.username, "192.0.2.7", {"place": "page"}),
        ("login_failed", "", "192.0.2.7", {"place": "page"}),
    ]
    with connection.cursor() as cursor:
        stored = json.dumps(cursor.execute("SELECT row_to_json(a) FROM account_event a").fetchall())
    assert "horse" not in stored
    assert "secret" not in stored


def test_failures_of_an_hour_are_bounded_and_logins_are_not(settings: Settings) -> None:
    """Hosts without number cannot fill the table."""
    settings.LOGIN_FAILURES_PER_HOUR = 2
    user = make_user()
    for _ in range(4):
        Client().post("/login/", {"username": user.username, "password": "wrong"})
    Client().post("/login/", {"username": user.username, "password": PASSWORD})
    assert [kind for kind, *_ in events()] == ["login_failed", "login_failed", "logged_in"]
    AccountEvent.objects.update(at=clock.now() - timedelta(hours=2))
    Client().post("/login/", {"username": user.username, "password": "wrong"})
    assert [kind for kind, *_ in events()].count("login_failed") == 3


def test_replayed_refresh_token_is_recorded() -> None:
    """It is the sign of a thief."""
    user = make_user()
    pair = tokens_issue(user)
    client = APIClient()
    assert client.post(f"{TOKENS}refresh/", {"refresh": pair.refresh}).status_code == 200
    assert events() == []
    for path in ("refresh", "revoke"):
        answer = client.post(f"{TOKENS}{path}/", {"refresh": pair.refresh})
        assert_error(answer, 401, "token_not_valid")
    assert [(kind, name) for kind, name, *_ in events()] == [("token_replayed", user.username)] * 2


def test_right_to_create_documents_is_recorded_and_others_are_not() -> None:
    """Rights on a document are in the trail of the document."""
    boss, user = make_user(), make_user()
    permission = Permission(user=user, role=Role.CREATOR)
    permission_save(actor=boss, permission=permission)
    permission_delete(actor=boss, permission=permission)
    detail = {"user": user.username, "role": "creator"}
    assert events() == [
        ("right_granted", boss.username, "", detail),
        ("right_revoked", boss.username, "", detail),
    ]


def test_login_succeeds_where_the_trail_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is kept out by it."""

    def fail(**_: Any) -> None:
        raise DatabaseError("no more disk")

    monkeypatch.setattr(AccountEvent.objects, "create", fail)
    user = make_user()
    response = Client().post("/login/", {"username": user.username, "password": PASSWORD})
    assert response.status_code == 302
    assert events() == []


def test_old_events_are_deleted(settings: Settings) -> None:
    """After ``ACCOUNT_EVENTS_DAYS``."""
    settings.ACCOUNT_EVENTS_DAYS = 30
    user = make_user()
    for days in (29, 31):
        at = clock.now() - timedelta(days=days)
        AccountEvent.objects.create(actor=user, username=user.username, kind="logged_in", at=at)
    assert delete_old_account_events() == 1
    assert AccountEvent.objects.count() == 1


def test_event_stays_when_the_account_is_deleted(admin_client: Client) -> None:
    """With the name; the admin shows it, and changes nothing."""
    user = make_user()
    Client().post("/login/", {"username": user.username, "password": PASSWORD})
    User.objects.filter(pk=user.pk).delete()
    page = admin_client.get("/admin/activity/accountevent/")
    assert user.username in page.content.decode()
    event = AccountEvent.objects.get(username=user.username, kind="logged_in")
    assert event.actor is None
    url = f"/admin/activity/accountevent/{event.pk}/"
    assert admin_client.post(f"{url}delete/", {"post": "yes"}).status_code == 403
    assert admin_client.post(f"{url}change/", {"username": "other"}).status_code == 403
    assert admin_client.get("/admin/activity/accountevent/add/").status_code == 403
